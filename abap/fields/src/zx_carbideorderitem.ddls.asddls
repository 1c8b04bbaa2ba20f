@AbapCatalog.sqlViewAppendName: 'ZXCRBORDERITEM'
@EndUserText.label: 'Carbon in I_ManufacturingOrderItem'
extend view I_ManufacturingOrderItem with ZX_CARBIDEORDERITEM
  association [0..1] to ZI_CARBIDEORDERITEM as _ZZCarbon
    on $projection.ManufacturingOrder = _ZZCarbon.ManufacturingOrder
      and $projection.ManufacturingOrderItem = _ZZCarbon.ManufacturingOrderItem
{
  _ZZCarbon.ZZCarbonKilograms,
  _ZZCarbon.ZZCarbonUnit,
  _ZZCarbon.ZZCarbonIntensity,
  _ZZCarbon.ZZCarbonValueState,
  _ZZCarbon.ZZCarbonPrimaryShare,
  _ZZCarbon.ZZCarbonFactorVersion,
  _ZZCarbon.ZZCarbonEvidence
}
