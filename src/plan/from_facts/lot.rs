//! The lot that MRP makes of a demand: lot sizes of the material master's MRP views.

use rust_decimal::Decimal;

use super::Given;
use crate::id::MaterialNumber;
use crate::said;
use crate::said::Said;
use crate::unit::Uom;

/// The quantity of the order for a demand of `quantity`, in the base unit: at least the smallest lot, a
/// whole multiple of the rounding value, one fixed lot. One order is one lot.
///
/// # Errors
///
/// In a sentence why the demand is no lot.
pub(super) fn lot_for(
    given: &Given<'_>,
    material: &MaterialNumber,
    quantity: Decimal,
    unit: Uom,
) -> Result<Decimal, Said> {
    let Some(planning) = given.master.planning.get(material) else { return Ok(quantity) };
    let lot = planning.lot_for(quantity);
    let (most, fixed) = (planning.lot_size_max, planning.lot_size_fixed);
    if planning.lot_sizing == "FX" && fixed > Decimal::ZERO && lot > fixed {
        return Err(said!(
            "unplannable.fixed-lots",
            "its {quantity} {unit} need {lots} fixed lots of {fixed} {unit}, and one order is one lot; \
             cut the requirement in MRP or change the lot size in MM02 (MRP 1)",
            quantity = quantity,
            unit = unit,
            lots = lot / fixed,
            fixed = fixed
        ));
    }
    // No largest lot is written as zero.
    if most > Decimal::ZERO && lot > most {
        return Err(said!(
            "unplannable.large-lot",
            "its {quantity} {unit} make a lot of {lot} {unit}, above the largest of {most} {unit}; cut \
             the requirement in MRP or change the lot size in MM02 (MRP 1)",
            quantity = quantity,
            unit = unit,
            lot = lot,
            most = most
        ));
    }
    Ok(lot)
}
