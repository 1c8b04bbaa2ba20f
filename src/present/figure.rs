//! Numbers for people: thousands apart, few decimals, a sign where it matters.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// `12,345.6`
pub fn decimal(value: Decimal, places: u32) -> String {
    let text = format!("{:.*}", places as usize, value.round_dp(places));
    grouped(&text)
}

/// `12,345.6`
pub fn float(value: f64, places: usize) -> String {
    grouped(&format!("{value:.places$}"))
}

/// `-3.4 %`, `+0.2 %`
pub fn change(now: f64, before: f64) -> String {
    if before == 0.0 {
        return "n/a".to_owned();
    }
    format!("{:+.1} %", 100.0 * (now / before - 1.0))
}

/// `97.5 %`
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A share held as a decimal, in percent.
pub fn share(share: Decimal) -> String {
    percent(share.to_f64().unwrap_or(f64::NAN))
}

fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (digits, String::new()),
    };
    let mut groups = Vec::new();
    let mut rest = whole;
    while rest.len() > 3 {
        let (head, tail) = rest.split_at(rest.len() - 3);
        groups.push(tail);
        rest = head;
    }
    groups.push(rest);
    groups.reverse();
    format!("{sign}{}{fraction}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(decimal(Decimal::new(-12_345_678, 2), 1), "-123,456.8");
        assert_eq!(float(999.0, 0), "999");
    }

    #[test]
    fn a_change_has_a_sign() {
        assert_eq!(change(95.0, 100.0), "-5.0 %");
    }
}
