CLASS ltcl_order_fields DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS a_gone_order_is_no_error FOR TESTING.
ENDCLASS.

CLASS ltcl_order_fields IMPLEMENTATION.
  METHOD a_gone_order_is_no_error.
    DATA(fields) = CAST zif_carbide_order_fields( NEW zcl_carbide_order_fields( ) ).

    fields->put( VALUE #( ( plnum    = 'ZZUNIT'
                            gsmng    = 4
                            kg_after = 10 ) ) ).

    SELECT SINGLE plnum FROM plaf WHERE plnum = 'ZZUNIT' INTO @DATA(found).
    cl_abap_unit_assert=>assert_equals( act = sy-subrc
                                        exp = 4 ).
    cl_abap_unit_assert=>assert_initial( found ).
  ENDMETHOD.
ENDCLASS.
