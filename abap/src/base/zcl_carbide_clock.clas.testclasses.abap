CLASS ltcl_clock DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS adds_within_a_day FOR TESTING.
    METHODS adds_over_midnight_and_year FOR TESTING.
    METHODS steps_back_over_midnight FOR TESTING.
    METHODS counts_seconds_between FOR TESTING.
    METHODS now_has_fourteen_digits FOR TESTING.
ENDCLASS.

CLASS ltcl_clock IMPLEMENTATION.
  METHOD adds_within_a_day.
    cl_abap_unit_assert=>assert_equals( act = zcl_carbide_clock=>add( timestamp = '20261126083000'
                                                                      seconds   = 90 )
                                        exp = '20261126083130' ).
  ENDMETHOD.

  METHOD adds_over_midnight_and_year.
    cl_abap_unit_assert=>assert_equals( act = zcl_carbide_clock=>add( timestamp = '20261231235930'
                                                                      seconds   = 3600 )
                                        exp = '20270101005930' ).
  ENDMETHOD.

  METHOD steps_back_over_midnight.
    cl_abap_unit_assert=>assert_equals( act = zcl_carbide_clock=>add( timestamp = '20280301000010'
                                                                      seconds   = -20 )
                                        exp = '20280229235950' ).
  ENDMETHOD.

  METHOD counts_seconds_between.
    cl_abap_unit_assert=>assert_equals( act = zcl_carbide_clock=>seconds_between( since = '20261231235930'
                                                                                  until = '20270101000100' )
                                        exp = 90 ).
    cl_abap_unit_assert=>assert_equals( act = zcl_carbide_clock=>seconds_between( since = '20260101000010'
                                                                                  until = '20260101000000' )
                                        exp = -10 ).
  ENDMETHOD.

  METHOD now_has_fourteen_digits.
    DATA(clock) = CAST zif_carbide_clock( NEW zcl_carbide_clock( ) ).

    DATA(now) = clock->now( ).

    cl_abap_unit_assert=>assert_true( xsdbool( matches( val   = now
                                                        regex = `20[0-9]{12}` ) ) ).
  ENDMETHOD.
ENDCLASS.
