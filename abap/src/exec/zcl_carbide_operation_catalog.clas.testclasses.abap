CLASS ltcl_catalog DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS each_operation_has_bapi_rules FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_an_unknown_operation FOR TESTING.
ENDCLASS.

CLASS ltcl_catalog IMPLEMENTATION.
  METHOD each_operation_has_bapi_rules.
    DATA operation TYPE zcarbide_operation.
    DATA(catalog) = NEW zcl_carbide_operation_catalog( ).
    DATA(known) = zcl_carbide_operation_catalog=>known.

    DO.
      ASSIGN COMPONENT sy-index OF STRUCTURE known TO FIELD-SYMBOL(<operation>).
      IF sy-subrc <> 0.
        EXIT.
      ENDIF.
      operation = <operation>.
      cl_abap_unit_assert=>assert_true( xsdbool( catalog->bapi_of( operation ) CP 'BAPI_*'
        OR operation = zcl_carbide_operation_catalog=>known-mark_journal ) ).
      DATA(rules) = catalog->rules_of( operation ).
      cl_abap_unit_assert=>assert_true( xsdbool( line_exists( rules[ needed = abap_true ] ) ) ).
    ENDDO.
  ENDMETHOD.

  METHOD refuses_an_unknown_operation.
    TRY.
        NEW zcl_carbide_operation_catalog( )->rules_of( 'SALES_ORDER_CREATE' ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '011' ).
    ENDTRY.
  ENDMETHOD.
ENDCLASS.
