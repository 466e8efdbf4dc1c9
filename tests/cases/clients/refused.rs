//! However a spec lists its errors, they arrive as the one error type.

use httpmock::MockServer;
use telesto_fixture_api::Error;
use telesto_fixture_api::httpmock::MockServerExt as _;

use crate::support::{respond, made_up};

async fn errors(server: &MockServer) -> [Error; 3] {
    [
        made_up(server).refused_none().send().await.unwrap_err(),
        made_up(server).refused_default().send().await.unwrap_err(),
        made_up(server).refused_mixed().send().await.unwrap_err(),
    ]
}

#[tokio::test]
async fn with_their_status_and_envelope() {
    for status in [400, 401, 403, 404, 418, 500, 503, 599] {
        let server = MockServer::start_async().await;
        server.refused_none(|_, then| {
            then.error(status, "MADE_UP");
        });
        server.refused_default(|_, then| {
            then.error(status, "MADE_UP");
        });
        server.refused_mixed(|_, then| {
            then.error(status, "MADE_UP");
        });
        for error in errors(&server).await {
            assert_eq!(error.status().unwrap().as_u16(), status);
            let envelope = error.api_error().unwrap();
            assert_eq!(envelope.error_type(), Some("MADE_UP"), "{error}");
        }
    }
}

#[tokio::test]
async fn with_any_body() {
    for body in ["", "<html>Bad gateway</html>", "[1]", "{\"reason\": 1}", "{"] {
        let server = MockServer::start_async().await;
        respond(&server, 502, body).await;
        for error in errors(&server).await {
            assert_eq!(error.status().unwrap().as_u16(), 502, "{body}");
            assert!(error.api_error().is_none(), "{body}");
        }
    }
}
