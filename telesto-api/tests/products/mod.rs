//! A large list of products, as the benchmark and the test of the heap need it.

/// How many products the list has.
pub(crate) const COUNT: usize = 50_000;

/// A list of about 15 MB in the form of the wire, with `empty` for the values
/// that are empty.
#[must_use]
pub(crate) fn list(empty: &str) -> Vec<u8> {
    let mut json = String::from("[");
    for number in 0..COUNT {
        if number > 0 {
            json.push(',');
        }
        let value = |is_empty: bool, text: String| match is_empty {
            true => empty.to_owned(),
            false => format!("\"{text}\""),
        };
        let name = format!(
            "Widget {number:05}, {}",
            "brushed steel, with screws and plugs; ".repeat(4)
        );
        let product = format!(
            r#"{{"id":"{:032x}","name":{},"ean_upc":{},"stock_onhand":{},"created":{}}}"#,
            number * 7919,
            value(number % 50 == 7, name),
            value(number % 5 == 1, format!("40063{number:08}")),
            value(
                number % 7 == 2,
                format!("{}.{:02}", number % 1000, number % 100)
            ),
            value(
                number % 11 == 3,
                format!("2024-01-{:02} 10:30:{:02}", number % 28 + 1, number % 60)
            ),
        );
        json.push_str(&product);
    }
    json.push(']');
    json.into_bytes()
}
