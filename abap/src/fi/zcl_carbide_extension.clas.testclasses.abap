CLASS ltcl_extension DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS reads_each_part_by_its_place FOR TESTING RAISING zcx_carbide_error.
    METHODS keeps_six_decimals FOR TESTING RAISING zcx_carbide_error.
    METHODS takes_negative_kilograms FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_text_for_kilograms FOR TESTING.
    METHODS refuses_more_than_the_limit FOR TESTING.
    METHODS refuses_a_row_without_item FOR TESTING.
    METHODS row
      IMPORTING item          TYPE string DEFAULT `0000000001`
                kilograms     TYPE string
      RETURNING VALUE(result) TYPE string.
    METHODS assert_refused
      IMPORTING row    TYPE string
                number TYPE symsgno.
ENDCLASS.

CLASS ltcl_extension IMPLEMENTATION.
  METHOD row.
    result = |{ item WIDTH = 10 }{ kilograms WIDTH = 24 ALIGN = RIGHT }2 measured|.
  ENDMETHOD.

  METHOD assert_refused.
    TRY.
        zcl_carbide_extension=>parse( first  = row
                                      second = `` ).
        cl_abap_unit_assert=>fail( row ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = number ).
    ENDTRY.
  ENDMETHOD.

  METHOD reads_each_part_by_its_place.
    DATA(line) = zcl_carbide_extension=>parse( first  = row( kilograms = `1250.000` )
                                               second = `E-7F3A9C` ).

    cl_abap_unit_assert=>assert_equals( act = line-item
                                        exp = '0000000001' ).
    cl_abap_unit_assert=>assert_equals( act = line-kilograms
                                        exp = '1250' ).
    cl_abap_unit_assert=>assert_equals( act = line-scope
                                        exp = '2' ).
    cl_abap_unit_assert=>assert_equals( act = line-state
                                        exp = 'measured' ).
    cl_abap_unit_assert=>assert_equals( act = line-evidence
                                        exp = 'E-7F3A9C' ).
  ENDMETHOD.

  METHOD keeps_six_decimals.
    DATA(line) = zcl_carbide_extension=>parse( first  = row( kilograms = `0.000001` )
                                               second = `` ).

    cl_abap_unit_assert=>assert_equals( act = line-kilograms
                                        exp = '0.000001' ).
  ENDMETHOD.

  METHOD takes_negative_kilograms.
    DATA(line) = zcl_carbide_extension=>parse( first  = row( kilograms = `-12.5` )
                                               second = `` ).

    cl_abap_unit_assert=>assert_equals( act = line-kilograms
                                        exp = '-12.5' ).
  ENDMETHOD.

  METHOD refuses_text_for_kilograms.
    assert_refused( row    = row( kilograms = `1,250.00` )
                    number = '015' ).
    assert_refused( row    = row( kilograms = `` )
                    number = '015' ).
    assert_refused( row    = row( kilograms = `0.0000001` )
                    number = '015' ).
  ENDMETHOD.

  METHOD refuses_more_than_the_limit.
    assert_refused( row    = row( kilograms = `9999999999.9995` )
                    number = '015' ).
    assert_refused( row    = row( kilograms = `-10000000000` )
                    number = '015' ).
  ENDMETHOD.

  METHOD refuses_a_row_without_item.
    assert_refused( row    = row( item      = `1`
                                  kilograms = `1` )
                    number = '019' ).
  ENDMETHOD.
ENDCLASS.
