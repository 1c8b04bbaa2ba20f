CLASS ltcl_line_fields DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    TYPES:
      BEGIN OF line,
        posnr          TYPE n LENGTH 10,
        menge          TYPE p LENGTH 7 DECIMALS 3,
        meins          TYPE c LENGTH 3,
        zzcrb_kg       TYPE zcarbide_kg,
        zzcrb_unit     TYPE zcarbide_kg_unit,
        zzcrb_scope    TYPE zcarbide_scope,
        zzcrb_state    TYPE zcarbide_state,
        zzcrb_evidence TYPE zcarbide_evidence,
      END OF line,
      lines TYPE STANDARD TABLE OF line WITH DEFAULT KEY,
      BEGIN OF plain_line,
        posnr TYPE n LENGTH 10,
        menge TYPE p LENGTH 7 DECIMALS 3,
        meins TYPE c LENGTH 3,
      END OF plain_line,
      plain_lines TYPE STANDARD TABLE OF plain_line WITH DEFAULT KEY.
    DATA document TYPE lines.

    METHODS setup.
    METHODS fills_the_line_of_the_item FOR TESTING.
    METHODS takes_kg_back_on_a_credit_line FOR TESTING.
    METHODS leaves_out_fields_not_there FOR TESTING.
    METHODS leaves_rows_of_others_alone FOR TESTING.
    METHODS refuses_another_quantity FOR TESTING.
    METHODS refuses_another_unit FOR TESTING.
    METHODS refuses_an_item_not_there FOR TESTING.
    METHODS tells_of_every_refused_row FOR TESTING.
    METHODS row
      IMPORTING item          TYPE string
                kilograms     TYPE string
                structure     TYPE string DEFAULT `ZCARBIDE`
      RETURNING VALUE(result) TYPE bapiparex.
    METHODS fill
      IMPORTING rows          TYPE zcl_carbide_fi_lines=>extension
      RETURNING VALUE(result) TYPE string.
ENDCLASS.

CLASS ltcl_line_fields IMPLEMENTATION.
  METHOD setup.
    document = VALUE #( ( posnr = 1
                          menge = '12.500'
                          meins = 'KG' )
                        ( posnr = 2 ) ).
  ENDMETHOD.

  METHOD row.
    result-structure = structure.
    result-valuepart1 = |{ item }{ kilograms WIDTH = 24 ALIGN = RIGHT }2 measured|.
    result-valuepart2 = 'E-1'.
  ENDMETHOD.

  METHOD fill.
    DATA messages TYPE bapiret2_t.
    NEW zcl_carbide_line_fields( )->fill( EXPORTING extension = rows
                                          CHANGING  lines     = document
                                                    messages  = messages ).
    LOOP AT messages INTO DATA(message).
      result = |{ result }{ message-type }{ message-number } |.
    ENDLOOP.
  ENDMETHOD.

  METHOD fills_the_line_of_the_item.
    DATA(messages) = fill( VALUE #( ( row( item      = `0000000001`
                                           kilograms = `12.5` ) ) ) ).

    cl_abap_unit_assert=>assert_initial( messages ).
    cl_abap_unit_assert=>assert_equals( act = document[ 1 ]-zzcrb_kg
                                        exp = '12.5' ).
    cl_abap_unit_assert=>assert_equals( act = |{ document[ 1 ]-zzcrb_scope } { document[ 1 ]-zzcrb_state }|
                                        exp = `2 measured` ).
    cl_abap_unit_assert=>assert_equals( act = |{ document[ 1 ]-zzcrb_unit } { document[ 1 ]-zzcrb_evidence }|
                                        exp = `KG E-1` ).
    cl_abap_unit_assert=>assert_initial( document[ 2 ]-zzcrb_scope ).
  ENDMETHOD.

  METHOD takes_kg_back_on_a_credit_line.
    DATA(messages) = fill( VALUE #( ( row( item      = `0000000001`
                                           kilograms = `-12.5` ) ) ) ).

    cl_abap_unit_assert=>assert_initial( messages ).
    cl_abap_unit_assert=>assert_equals( act = document[ 1 ]-zzcrb_kg
                                        exp = '-12.5' ).
  ENDMETHOD.

  METHOD leaves_out_fields_not_there.
    DATA messages TYPE bapiret2_t.
    DATA(plain) = VALUE plain_lines( ( posnr = 1
                                       menge = '12.500'
                                       meins = 'KG' ) ).

    DATA(rows) = VALUE zcl_carbide_fi_lines=>extension( ( row( item      = `0000000001`
                                                               kilograms = `12.5` ) ) ).
    NEW zcl_carbide_line_fields( )->fill( EXPORTING extension = rows
                                          CHANGING  lines     = plain
                                                    messages  = messages ).

    cl_abap_unit_assert=>assert_initial( messages ).
    cl_abap_unit_assert=>assert_equals( act = plain[ 1 ]-menge
                                        exp = '12.5' ).
  ENDMETHOD.

  METHOD leaves_rows_of_others_alone.
    DATA(messages) = fill( VALUE #( ( row( item      = `not a number`
                                           kilograms = `x`
                                           structure = `ZOTHER` ) ) ) ).

    cl_abap_unit_assert=>assert_initial( messages ).
    cl_abap_unit_assert=>assert_initial( document[ 1 ]-zzcrb_kg ).
  ENDMETHOD.

  METHOD refuses_another_quantity.
    cl_abap_unit_assert=>assert_equals( act = fill( VALUE #( ( row( item      = `0000000001`
                                                                    kilograms = `12.501` ) ) ) )
                                        exp = `E017 ` ).
    cl_abap_unit_assert=>assert_initial( document[ 1 ]-zzcrb_kg ).
  ENDMETHOD.

  METHOD refuses_another_unit.
    document[ 1 ]-meins = 'TO'.
    cl_abap_unit_assert=>assert_equals( act = fill( VALUE #( ( row( item      = `0000000001`
                                                                    kilograms = `12.5` ) ) ) )
                                        exp = `E014 ` ).
  ENDMETHOD.

  METHOD refuses_an_item_not_there.
    cl_abap_unit_assert=>assert_equals( act = fill( VALUE #( ( row( item      = `0000000009`
                                                                    kilograms = `12.5` ) ) ) )
                                        exp = `E017 ` ).
  ENDMETHOD.

  METHOD tells_of_every_refused_row.
    cl_abap_unit_assert=>assert_equals( act = fill( VALUE #( ( row( item      = `x`
                                                                    kilograms = `1` ) )
                                                             ( row( item      = `0000000002`
                                                                    kilograms = `many` ) )
                                                             ( row( item      = `0000000001`
                                                                    kilograms = `12.5` ) ) ) )
                                        exp = `E019 E015 ` ).
    cl_abap_unit_assert=>assert_equals( act = document[ 1 ]-zzcrb_kg
                                        exp = '12.5' ).
  ENDMETHOD.
ENDCLASS.
