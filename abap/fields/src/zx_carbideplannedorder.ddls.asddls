@AbapCatalog.sqlViewAppendName: 'ZXCRBPLANNEDORDE'
@EndUserText.label: 'Carbon in I_PlannedOrder'
extend view I_PlannedOrder with ZX_CARBIDEPLANNEDORDER
  association [0..1] to ZI_CARBIDEPLANNEDORDER as _ZZCarbon
    on $projection.PlannedOrder = _ZZCarbon.PlannedOrder
{
  _ZZCarbon.ZZCarbonKilograms,
  _ZZCarbon.ZZCarbonUnit,
  _ZZCarbon.ZZCarbonIntensity,
  _ZZCarbon.ZZCarbonValueState,
  _ZZCarbon.ZZCarbonPrimaryShare,
  _ZZCarbon.ZZCarbonFactorVersion,
  _ZZCarbon.ZZCarbonEvidence
}
