//! References into parts of other schemas, and of other operations.

use httpmock::MockServer;
use rust_decimal::Decimal;
use serde_json::json;
use telesto_fixture_api::types::{ChangePlateBody, ChangePlateUnit};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn what_they_refer_to_is_sent_and_read() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.path("/v9/scales/7")
            .query_param("unit", "kg")
            .json_body(json!({ "width": "12.50", "height": "3" }));
        let plates = json!([{ "width": "", "height": "3" }]);
        then.status(200).json_body(json!({
            "id": "7", "enum": "8", "properties": { "a": "" }, "plates": plates,
        }));
    });
    let plate = ChangePlateBody::builder().width("12.50").height("3");
    let client = made_up(&server);
    let call = client.change_plate().scale_id(7).unit(ChangePlateUnit::Kg);
    let scale = call.body(plate).await.unwrap().into_inner();
    assert_eq!((scale.id, scale.enum_), (Some(7), Some(8)));
    assert_eq!(scale.properties.unwrap().a, None);
    assert_eq!(scale.plates[0].width, None);
    assert_eq!(scale.plates[0].height, Some(Decimal::from(3)));
    mock.assert_calls_async(1).await;

    let scale = mock_server().await.client().get_scale().scale_id(7).await.unwrap();
    assert_eq!(scale.plates[0].width, Some(Decimal::new(1250, 2)));
}
