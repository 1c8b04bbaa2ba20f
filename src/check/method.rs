//! How a reading was changed, for people: corrections keep it as text.

use super::impute::Method;
use crate::said;
use crate::said::Said;

/// What a correction says of its method, with its key. Other words stay words.
pub fn method_said(text: &str) -> Said {
    let others = [
        said!("method.held", "held"),
        said!("method.by-hand", "entered by hand"),
        said!("method.register", "reactive energy and power factor of the same meter"),
        said!("method.balance", "balance: the parent less the other meters below it"),
        said!("method.day-before", "day's last interval was stamped with the day before"),
        said!("method.later-row", "two rows for one interval: the later arrival counts"),
    ];
    let imputed = Method::ALL.into_iter().map(Method::said);
    let found = others.into_iter().chain(imputed).find(|said| **said == *text);
    found.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_imputation_is_found_by_the_text_that_is_kept() {
        for method in Method::ALL {
            assert_eq!(method_said(method.name()).key, method.said().key);
        }
        assert_eq!(method_said("read by Ms Weber").key, None);
    }
}
