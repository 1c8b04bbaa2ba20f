CLASS ltcl_condition DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS no_condition_holds FOR TESTING.
    METHODS rows_of_a_field_are_joined_or FOR TESTING.
    METHODS exclusion_wins FOR TESTING.
    METHODS numbers_compare_as_numbers FOR TESTING.
    METHODS texts_compare_as_texts FOR TESTING.
    METHODS refuses_what_makes_no_sense FOR TESTING.
    METHODS refuses_an_unknown_field FOR TESTING.
    METHODS assert_refused
      IMPORTING condition TYPE zcarbide_s_condition
                number    TYPE symsgno.
ENDCLASS.

CLASS ltcl_condition IMPLEMENTATION.
  METHOD no_condition_holds.
    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = VALUE #( )
                                                                          is_number  = abap_false
                                                                          value      = `1010` ) ).
  ENDMETHOD.

  METHOD rows_of_a_field_are_joined_or.
    DATA(conditions) = VALUE zcl_carbide_table_condition=>conditions( sign = 'I'
      ( option = 'EQ' low = '1010' )
      ( option = 'BT' low = '2000' high = '2999' ) ).

    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                          is_number  = abap_false
                                                                          value      = `1010` ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                          is_number  = abap_false
                                                                          value      = `2500` ) ).
    cl_abap_unit_assert=>assert_false( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                           is_number  = abap_false
                                                                           value      = `3000` ) ).
  ENDMETHOD.

  METHOD exclusion_wins.
    DATA(conditions) = VALUE zcl_carbide_table_condition=>conditions( ( sign = 'I' option = 'GE' low = '1000' )
                                                                      ( sign = 'E' option = 'EQ' low = '1010' ) ).

    cl_abap_unit_assert=>assert_false( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                           is_number  = abap_false
                                                                           value      = `1010` ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                          is_number  = abap_false
                                                                          value      = `1011` ) ).
  ENDMETHOD.

  METHOD numbers_compare_as_numbers.
    DATA(conditions) = VALUE zcl_carbide_table_condition=>conditions( ( sign = 'I' option = 'LT' low = '10' ) ).

    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                          is_number  = abap_true
                                                                          value      = `9.5` ) ).
    cl_abap_unit_assert=>assert_false( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                           is_number  = abap_false
                                                                           value      = `9.5` ) ).
  ENDMETHOD.

  METHOD texts_compare_as_texts.
    DATA(conditions) = VALUE zcl_carbide_table_condition=>conditions( ( sign = 'I' option = 'NE' low = 'KG' ) ).

    cl_abap_unit_assert=>assert_false( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                           is_number  = abap_false
                                                                           value      = `KG ` ) ).
    conditions = VALUE #( ( sign = 'I' option = 'LE' low = 'KG' ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                          is_number  = abap_false
                                                                          value      = `G` ) ).
    conditions = VALUE #( ( sign = 'I' option = 'GT' low = 'KG' ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_table_condition=>holds( conditions = conditions
                                                                          is_number  = abap_false
                                                                          value      = `TO` ) ).
  ENDMETHOD.

  METHOD refuses_what_makes_no_sense.
    assert_refused( condition = VALUE #( fieldname = 'BUKRS' sign = 'X' option = 'EQ' )
                    number    = '042' ).
    assert_refused( condition = VALUE #( fieldname = 'BUKRS' sign = 'I' option = 'CP' low = '1*' )
                    number    = '042' ).
    assert_refused( condition = VALUE #( fieldname = 'BUKRS' sign = 'I' option = 'BT' low = '1' )
                    number    = '042' ).
    assert_refused( condition = VALUE #( fieldname = 'BUKRS' sign = 'I' option = 'EQ' low = '1' high = '2' )
                    number    = '042' ).
    assert_refused( condition = VALUE #( fieldname = 'ZAEHL' sign = 'I' option = 'EQ' low = '1,5' )
                    number    = '042' ).
  ENDMETHOD.

  METHOD refuses_an_unknown_field.
    assert_refused( condition = VALUE #( fieldname = 'NO_SUCH' sign = 'I' option = 'EQ' low = '1' )
                    number    = '041' ).
  ENDMETHOD.

  METHOD assert_refused.
    TRY.
        zcl_carbide_table_condition=>check( conditions = VALUE #( ( condition ) )
                                            fields     = VALUE #( ( name = 'BUKRS' type = 'CHAR' )
                                                                  ( name = 'ZAEHL' type = 'INT4' ) )
                                            table_name = 'T001' ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = number ).
    ENDTRY.
  ENDMETHOD.
ENDCLASS.
