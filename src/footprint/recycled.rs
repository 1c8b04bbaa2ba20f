//! Recycled content: who carries the burden of a material that lives twice.

use rust_decimal::Decimal;

/// Specific emissions and shares of a material with recycled content, in kg CO₂e per kg and as
/// shares of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recycling {
    /// R1: recycled content of the input.
    pub recycled_content: Decimal,
    /// R2: share that is recycled at the end of life.
    pub recycled_at_end: Decimal,
    /// R3: share that is burnt for energy at the end of life.
    pub recovered_at_end: Decimal,
    /// A: how much of burdens and credits the user of the recycled material carries.
    pub allocation: Decimal,
    /// Qs,in / Qp: quality of the recycled input to that of the virgin material.
    pub quality_in: Decimal,
    /// Qs,out / Qp: quality of the recycled output to that of the virgin material.
    pub quality_out: Decimal,
    /// Ev: virgin material.
    pub virgin: Decimal,
    /// Ev*: virgin material that the recycled output is taken to replace.
    pub virgin_replaced: Decimal,
    /// Erec: recycling of the input.
    pub recycling: Decimal,
    /// ErecEoL: recycling at the end of life.
    pub recycling_at_end: Decimal,
    /// Ed: disposal.
    pub disposal: Decimal,
    /// Energy recovery at the end of life less what it replaces: `(1-B) (E_ER - LHV X E_SE)`.
    pub energy_recovery: Decimal,
}

/// A share that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {value}; a share lies between 0 and 1, and R2 + R3 are at most 1")]
pub struct NotAShare {
    /// Which parameter.
    pub what: &'static str,
    /// What it is.
    pub value: Decimal,
}

impl Recycling {
    fn checked(&self) -> Result<(), NotAShare> {
        let shares = [
            ("R1", self.recycled_content),
            ("R2", self.recycled_at_end),
            ("R3", self.recovered_at_end),
            ("A", self.allocation),
            ("R2 + R3", self.recycled_at_end + self.recovered_at_end),
        ];
        let wrong = shares.into_iter().find(|(_, v)| *v < Decimal::ZERO || *v > Decimal::ONE);
        wrong.map_or(Ok(()), |(what, value)| Err(NotAShare { what, value }))
    }

    /// kg CO₂e per kg by the recycled content method (cut-off): the recycled input carries its
    /// recycling alone, and what happens after use belongs to the next life.
    ///
    /// # Errors
    ///
    /// [`NotAShare`].
    ///
    /// # Source
    ///
    /// ISO 14067:2018, 6.4.6.3; PACT Methodology 3, recycled content approach.
    pub fn cut_off(&self) -> Result<Decimal, NotAShare> {
        self.checked()?;
        let recycled = self.recycled_content;
        Ok((Decimal::ONE - recycled) * self.virgin + recycled * self.recycling)
    }

    /// kg CO₂e per kg by the circular footprint formula, material, energy and disposal.
    ///
    /// # Errors
    ///
    /// [`NotAShare`].
    ///
    /// # Source
    ///
    /// Commission Recommendation (EU) 2021/2279, annex I, 4.4.8.1.
    pub fn circular_footprint(&self) -> Result<Decimal, NotAShare> {
        self.checked()?;
        let one = Decimal::ONE;
        let (r1, r2, r3, a) =
            (self.recycled_content, self.recycled_at_end, self.recovered_at_end, self.allocation);
        let input = (one - r1) * self.virgin
            + r1 * (a * self.recycling + (one - a) * self.virgin * self.quality_in);
        let output =
            (one - a) * r2 * (self.recycling_at_end - self.virgin_replaced * self.quality_out);
        Ok(input + output + r3 * self.energy_recovery + (one - r2 - r3) * self.disposal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn steel() -> Recycling {
        Recycling {
            recycled_content: dec("0.25"),
            recycled_at_end: dec("0.85"),
            recovered_at_end: Decimal::ZERO,
            allocation: dec("0.2"),
            quality_in: Decimal::ONE,
            quality_out: Decimal::ONE,
            virgin: dec("2.2"),
            virgin_replaced: dec("2.2"),
            recycling: dec("0.6"),
            recycling_at_end: dec("0.6"),
            disposal: dec("0.02"),
            energy_recovery: Decimal::ZERO,
        }
    }

    #[test]
    fn the_two_methods_differ_by_what_happens_after_use() {
        assert_eq!(steel().cut_off().unwrap(), dec("1.80"));
        assert_eq!(steel().circular_footprint().unwrap(), dec("1.035"));
    }

    #[test]
    fn a_material_without_second_life_is_its_virgin_burden_and_its_disposal() {
        let once = Recycling {
            recycled_content: Decimal::ZERO,
            recycled_at_end: Decimal::ZERO,
            ..steel()
        };

        assert_eq!(once.circular_footprint().unwrap(), dec("2.22"));
    }

    #[test]
    fn more_recycled_than_there_is_is_refused() {
        let wrong = Recycling { recovered_at_end: dec("0.2"), ..steel() };

        assert_eq!(wrong.circular_footprint().unwrap_err().what, "R2 + R3");
    }
}
