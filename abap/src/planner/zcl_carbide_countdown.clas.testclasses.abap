CLASS ltcl_countdown DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PUBLIC SECTION.
    INTERFACES zif_carbide_clock.
  PRIVATE SECTION.
    DATA time TYPE zcarbide_timestamp.
    DATA rows TYPE zcl_carbide_plan=>rows.
    DATA countdown TYPE REF TO zcl_carbide_countdown.

    METHODS setup.
    METHODS counts_down_while_it_is_open FOR TESTING.
    METHODS tells_that_one_is_over FOR TESTING.
    METHODS never_falls_below_zero FOR TESTING.
    METHODS leaves_rows_without_window FOR TESTING.
ENDCLASS.

CLASS ltcl_countdown IMPLEMENTATION.
  METHOD zif_carbide_clock~now.
    result = time.
  ENDMETHOD.

  METHOD setup.
    time = '20261126080000'.
    rows = VALUE #( state = 'POSTED'
                    ( window_until = '20261126080130'
                      seconds_left = 95 )
                    ( window_until = '20261126080010'
                      seconds_left = 15 ) ).
    countdown = NEW #( me ).
  ENDMETHOD.

  METHOD counts_down_while_it_is_open.
    countdown->tick( CHANGING rows = rows ).

    cl_abap_unit_assert=>assert_equals( act = |{ rows[ 1 ]-seconds_left } { rows[ 2 ]-seconds_left }|
                                        exp = `90 10` ).
    cl_abap_unit_assert=>assert_false( countdown->is_over( rows ) ).
  ENDMETHOD.

  METHOD tells_that_one_is_over.
    time = '20261126080010'.

    countdown->tick( CHANGING rows = rows ).

    cl_abap_unit_assert=>assert_true( countdown->is_over( rows ) ).
    rows[ 2 ]-state = 'CONFIRMED'.
    cl_abap_unit_assert=>assert_false( countdown->is_over( rows ) ).
  ENDMETHOD.

  METHOD never_falls_below_zero.
    time = '20261127000000'.

    countdown->tick( CHANGING rows = rows ).

    cl_abap_unit_assert=>assert_equals( act = rows[ 1 ]-seconds_left + rows[ 2 ]-seconds_left
                                        exp = 0 ).
  ENDMETHOD.

  METHOD leaves_rows_without_window.
    rows = VALUE #( ( state        = 'PROPOSED'
                      seconds_left = 7 ) ).

    countdown->tick( CHANGING rows = rows ).

    cl_abap_unit_assert=>assert_equals( act = rows[ 1 ]-seconds_left
                                        exp = 7 ).
  ENDMETHOD.
ENDCLASS.
