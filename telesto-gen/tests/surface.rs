//! What a client offers, and where it comes from in the document.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use telesto_gen::spec::Spec;
use telesto_gen::{Document, ItemKind};

fn made_up() -> Document {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Document::read(&root.join("tests/fixture-api/made-up.yaml")).unwrap()
}

#[test]
fn each_item_has_its_origin() {
    let document = made_up();
    let surface = telesto_gen::surface(&document).unwrap();
    let value: Value = serde_yaml::from_str(document.text()).unwrap();
    let mut counts: BTreeMap<ItemKind, usize> = BTreeMap::new();
    for (path, item) in surface.iter() {
        let of_the_client = ["Client", "types::error::", "types::String:", "types::i64:"];
        let Some(origin) = &item.origin else {
            let is_known = of_the_client.iter().any(|start| path.starts_with(start));
            assert!(is_known, "{path} has no origin");
            continue;
        };
        let node = value.pointer(origin);
        let node = node.unwrap_or_else(|| panic!("{path}: there is no {origin}"));
        match (&item.wire_name, item.kind) {
            (Some(name), ItemKind::Field) => {
                let end = format!("/properties/{}", name.replace('/', "~1"));
                assert!(origin.ends_with(&end), "{path}: {origin}");
            }
            (Some(name), ItemKind::Variant) => assert_eq!(node, name, "{path}"),
            _ => {}
        }
        *counts.entry(item.kind).or_default() += 1;
    }
    for kind in [ItemKind::Field, ItemKind::Variant, ItemKind::Method] {
        assert!(counts[&kind] > 10, "{counts:?}");
    }
}

#[test]
fn methods_come_from_operations_parameters_and_bodies() {
    let surface = telesto_gen::surface(&made_up()).unwrap();
    let origin = |path: &str| surface.get(path).unwrap().origin.as_deref().unwrap();
    let goods = "/paths/~1goods~1{goods_id}";
    for (path, expected) in [
        ("Client::get_goods()", format!("{goods}/get")),
        ("builder::GetGoods", format!("{goods}/get")),
        ("builder::GetGoods::send()", format!("{goods}/get")),
        (
            "builder::GetGoods::goods_id()",
            format!("{goods}/parameters/0"),
        ),
        (
            "builder::GetGoods::type_()",
            format!("{goods}/get/parameters/2"),
        ),
        (
            "builder::ChangeGoods::body()",
            format!("{goods}/patch/requestBody"),
        ),
        (
            "types::builder::NewSupplier::balance()",
            "/components/schemas/NewSupplier/properties/balance".to_owned(),
        ),
    ] {
        assert_eq!(origin(path), expected, "{path}");
    }
}

#[test]
fn a_type_is_used_by_operations() {
    let document = made_up();
    let surface = telesto_gen::surface(&document).unwrap();
    let spec = Spec::of(&document);
    let users = |path: &str| {
        let origin = surface.get(path).unwrap().origin.as_deref().unwrap();
        let ids = spec.users(origin).filter_map(|operation| operation.id());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(users("types::NewSupplier"), ["create_supplier"]);
    assert_eq!(users("types::GoodsForm"), ["change_goods"]);
    let of_suppliers = ["list_suppliers", "create_supplier", "get_supplier"];
    assert_eq!(users("types::Supplier"), of_suppliers);
    // Also within the schema of another type, and in a parameter.
    let with_status = [&of_suppliers[..], &["get_goods"]].concat();
    assert_eq!(users("types::SupplierStatus"), with_status);
}
