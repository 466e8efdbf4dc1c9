//! Decimals that are known at compile time.

use rust_decimal::Decimal;

/// A [`Decimal`](crate::rust_decimal::Decimal) that is known at compile time.
///
/// Unlike the macro of the same name in `rust_decimal`, it needs no dependency
/// besides this crate.
///
/// ```
/// use telesto_api::dec;
///
/// assert_eq!(dec!(12.50).to_string(), "12.50");
/// assert_eq!(dec!(-1_000) + dec!(0.5), dec!(-999.5));
/// ```
///
/// What is not a decimal number of at most 28 digits does not compile:
///
/// ```compile_fail
/// telesto_api::dec!(twelve);
/// ```
#[macro_export]
macro_rules! dec {
    ($($number:tt)+) => {{
        const DECIMAL: $crate::rust_decimal::Decimal =
            $crate::__decimal(::core::concat!($(::core::stringify!($number)),+));
        DECIMAL
    }};
}

/// Parses the number in [`dec!`](crate::dec).
///
/// # Panics
///
/// If it is not a decimal number: then the call does not compile.
#[doc(hidden)]
#[must_use]
pub const fn __decimal(text: &str) -> Decimal {
    const MAX: u128 = (1 << 96) - 1;
    let bytes = text.as_bytes();
    let negative = !bytes.is_empty() && bytes[0] == b'-';
    let mut at = if negative { 1 } else { 0 };
    let (mut digits, mut mantissa, mut point, mut scale) = (0, 0u128, false, 0);
    while at < bytes.len() {
        match bytes[at] {
            digit @ b'0'..=b'9' => {
                mantissa = mantissa * 10 + (digit - b'0') as u128;
                digits += 1;
                scale += point as u32;
                assert!(mantissa <= MAX && scale <= 28, "too many digits");
            }
            b'.' if !point => point = true,
            b'_' => {}
            _ => panic!("not a decimal number"),
        }
        at += 1;
    }
    assert!(digits > 0, "not a decimal number");
    let [low, mid, high] = [mantissa, mantissa >> 32, mantissa >> 64];
    Decimal::from_parts(low as u32, mid as u32, high as u32, negative, scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    proptest! {
        #[test]
        fn the_text_of_a_decimal_is_that_decimal(
            low: u32, mid: u32, high: u32, negative: bool, scale in 0..=28u32,
        ) {
            let number = Decimal::from_parts(low, mid, high, negative, scale);
            let parsed = super::__decimal(&number.to_string());
            prop_assert_eq!(parsed, number);
            prop_assert_eq!(parsed.scale(), number.scale());
        }
    }
}
