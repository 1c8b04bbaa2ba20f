@AbapCatalog.sqlViewAppendName: 'ZXCRBPRODUCTPLAN'
@EndUserText.label: 'Carbon in I_ProductPlantBasic'
extend view I_ProductPlantBasic with ZX_CARBIDEPRODUCTPLANT
  association [0..1] to ZI_CARBIDEPRODUCTPLANT as _ZZCarbon
    on $projection.Product = _ZZCarbon.Product
      and $projection.Plant = _ZZCarbon.Plant
{
  _ZZCarbon.ZZCarbonUnit,
  _ZZCarbon.ZZCarbonIntensity,
  _ZZCarbon.ZZCarbonValueState,
  _ZZCarbon.ZZCarbonPrimaryShare,
  _ZZCarbon.ZZCarbonFactorVersion,
  _ZZCarbon.ZZCarbonEvidence
}
