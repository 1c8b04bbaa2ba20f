"! Fields ZZCRB_... of PLAF, append ZACARBIDE_PLAF, filled from what the connector publishes: the BAPIs of planned
"! orders take no extension. No field of SAP's is touched.
CLASS zcl_carbide_order_fields DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_order_fields.
  PRIVATE SECTION.
    METHODS fill
      IMPORTING plan TYPE zcarbide_plan.
ENDCLASS.

CLASS zcl_carbide_order_fields IMPLEMENTATION.
  METHOD zif_carbide_order_fields~put.
    LOOP AT plans INTO DATA(plan) WHERE gsmng > 0.
      fill( plan ).
    ENDLOOP.
  ENDMETHOD.

  METHOD fill.
    DATA(intensity) = CONV zcarbide_intensity( plan-kg_after / plan-gsmng ).
    UPDATE plaf SET zzcrb_kg = @plan-kg_after,
                    zzcrb_unit = @plan-kg_unit,
                    zzcrb_intensity = @intensity,
                    zzcrb_state = 'calculated',
                    zzcrb_evidence = @plan-evidence
                WHERE plnum = @plan-plnum ##SUBRC_OK.
  ENDMETHOD.
ENDCLASS.
