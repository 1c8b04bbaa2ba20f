CLASS ltcl_fi_lines DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS takes_own_rows_only FOR TESTING RAISING zcx_carbide_error.
    METHODS a_reversal_sums_to_nothing FOR TESTING RAISING zcx_carbide_error.
    METHODS hands_on_a_malformed_row FOR TESTING.
    METHODS document
      IMPORTING kilograms     TYPE string
      RETURNING VALUE(result) TYPE zif_carbide_line_store=>lines
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS ltcl_fi_lines IMPLEMENTATION.
  METHOD document.
    result = zcl_carbide_fi_lines=>of_document(
      extension     = VALUE #( ( structure  = 'ZCARBIDE'
                                 valuepart1 = |0000000001{ kilograms WIDTH = 24 ALIGN = RIGHT }1 calculated|
                                 valuepart2 = 'E-1' )
                               ( structure  = 'ZOTHER'
                                 valuepart1 = 'not ours' ) )
      accounts      = VALUE #( ( itemno_acc = 2
                                 costcenter = 'OTHER' )
                               ( itemno_acc = 1
                                 costcenter = 'PRESS'
                                 orderid    = '60001'
                                 profit_ctr = 'P1' ) )
      company_code  = '1010'
      posting_date  = '20261031'
      object_type   = 'ZCARB'
      object_key    = 'J1'
      object_system = 'CARBIDE' ).
  ENDMETHOD.

  METHOD takes_own_rows_only.
    DATA(lines) = document( `12.25` ).

    cl_abap_unit_assert=>assert_equals( act = lines( lines )
                                        exp = 1 ).
    cl_abap_unit_assert=>assert_equals( act = lines[ 1 ]-kg
                                        exp = '12.25' ).
    cl_abap_unit_assert=>assert_equals( act = lines[ 1 ]-bukrs && lines[ 1 ]-budat && lines[ 1 ]-awkey
                                        exp = '101020261031J1' ).
    cl_abap_unit_assert=>assert_equals( act = |{ lines[ 1 ]-kostl } { lines[ 1 ]-aufnr } { lines[ 1 ]-prctr }|
                                        exp = `PRESS 60001 P1` ).
  ENDMETHOD.

  METHOD a_reversal_sums_to_nothing.
    DATA sum TYPE zcarbide_kg.
    DATA(lines) = document( `12.25` ).

    DATA(reversal) = zcl_carbide_fi_lines=>of_reversal( original      = lines
                                                        posting_date  = '20261101'
                                                        object_type   = 'ZCARB'
                                                        object_key    = 'J2'
                                                        object_system = 'CARBIDE' ).

    INSERT LINES OF reversal INTO TABLE lines.
    LOOP AT lines INTO DATA(line).
      sum = sum + line-kg.
    ENDLOOP.
    cl_abap_unit_assert=>assert_initial( sum ).
    cl_abap_unit_assert=>assert_equals( act = reversal[ 1 ]-awkey && reversal[ 1 ]-reversed_key
                                        exp = 'J2J1' ).
    cl_abap_unit_assert=>assert_equals( act = reversal[ 1 ]-budat
                                        exp = '20261101' ).
  ENDMETHOD.

  METHOD hands_on_a_malformed_row.
    TRY.
        document( `twelve` ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '015' ).
    ENDTRY.
  ENDMETHOD.
ENDCLASS.
