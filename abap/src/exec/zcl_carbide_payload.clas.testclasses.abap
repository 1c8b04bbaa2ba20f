CLASS ltcl_payload DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    TYPES:
      BEGIN OF target,
        text   TYPE c LENGTH 4,
        amount TYPE p LENGTH 7 DECIMALS 3,
        day    TYPE d,
        count  TYPE i,
        long   TYPE string,
      END OF target,
      targets TYPE STANDARD TABLE OF target WITH DEFAULT KEY.

    METHODS lists_members_with_their_kind FOR TESTING RAISING zcx_carbide_error.
    METHODS gives_values_by_place FOR TESTING RAISING zcx_carbide_error.
    METHODS an_empty_text_is_a_value FOR TESTING RAISING zcx_carbide_error.
    METHODS fills_a_structure FOR TESTING RAISING zcx_carbide_error.
    METHODS fills_a_table_row_by_row FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_what_no_parameter_is FOR TESTING.
    METHODS refuses_an_unknown_field FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_to_cut_or_round FOR TESTING RAISING zcx_carbide_error.
    METHODS assert_not_read
      IMPORTING json TYPE string.
    METHODS assert_not_filled
      IMPORTING json   TYPE string
                number TYPE symsgno
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS ltcl_payload IMPLEMENTATION.
  METHOD lists_members_with_their_kind.
    DATA(payload) = zcl_carbide_payload=>parse( `{"A":"1","B":{"C":"2"},"D":[{"E":"3"},{"E":"4"}],"F":[]}` ).

    cl_abap_unit_assert=>assert_equals( act = lines( payload->list( ) )
                                        exp = 4 ).
    cl_abap_unit_assert=>assert_equals( act = payload->find( `B` )-kind
                                        exp = zcl_carbide_payload=>kind-structure ).
    cl_abap_unit_assert=>assert_equals( act = payload->find( `D` )-rows
                                        exp = 2 ).
    cl_abap_unit_assert=>assert_equals( act = payload->find( `F` )-rows
                                        exp = 0 ).
    cl_abap_unit_assert=>assert_initial( payload->find( `Z` ) ).
  ENDMETHOD.

  METHOD gives_values_by_place.
    DATA(payload) = zcl_carbide_payload=>parse( `{"A":"1","B":{"C":"2"},"D":[{"E":"3"},{"E":"4"}]}` ).

    cl_abap_unit_assert=>assert_equals( act = payload->get( name = `A`
                                                            row  = 0 )
                                        exp = `1` ).
    cl_abap_unit_assert=>assert_equals( act = payload->get( name  = `B`
                                                            field = `C` )
                                        exp = `2` ).
    cl_abap_unit_assert=>assert_equals( act = payload->get( name  = `D`
                                                            row   = 2
                                                            field = `E` )
                                        exp = `4` ).
    cl_abap_unit_assert=>assert_initial( payload->get( name  = `D`
                                                       row   = 3
                                                       field = `E` ) ).
  ENDMETHOD.

  METHOD an_empty_text_is_a_value.
    DATA(payload) = zcl_carbide_payload=>parse( `{"A":""}` ).

    cl_abap_unit_assert=>assert_equals( act = payload->find( `A` )-kind
                                        exp = zcl_carbide_payload=>kind-value ).
    cl_abap_unit_assert=>assert_initial( payload->get( name = `A`
                                                       row  = 0 ) ).
  ENDMETHOD.

  METHOD fills_a_structure.
    DATA target TYPE target.
    DATA(payload) = zcl_carbide_payload=>parse(
      `{"S":{"TEXT":"1010","AMOUNT":"-4.250","DAY":"20261126","COUNT":"7","LONG":"any text"}}` ).

    payload->fill_structure( EXPORTING name      = `S`
                             CHANGING  structure = target ).

    cl_abap_unit_assert=>assert_equals( act = target-text
                                        exp = '1010' ).
    cl_abap_unit_assert=>assert_equals( act = target-amount
                                        exp = '-4.25' ).
    cl_abap_unit_assert=>assert_equals( act = target-day
                                        exp = '20261126' ).
    cl_abap_unit_assert=>assert_equals( act = target-count
                                        exp = 7 ).
    cl_abap_unit_assert=>assert_equals( act = target-long
                                        exp = `any text` ).
  ENDMETHOD.

  METHOD fills_a_table_row_by_row.
    DATA targets TYPE targets.
    DATA(payload) = zcl_carbide_payload=>parse( `{"T":[{"TEXT":"A"},{"COUNT":"2"}]}` ).

    payload->fill_table( EXPORTING name  = `T`
                         CHANGING  table = targets ).

    cl_abap_unit_assert=>assert_equals( act = lines( targets )
                                        exp = 2 ).
    cl_abap_unit_assert=>assert_initial( targets[ 2 ]-text ).
    cl_abap_unit_assert=>assert_equals( act = targets[ 2 ]-count
                                        exp = 2 ).
  ENDMETHOD.

  METHOD refuses_what_no_parameter_is.
    assert_not_read( `` ).
    assert_not_read( `[]` ).
    assert_not_read( `"text"` ).
    assert_not_read( `{"A":1}` ).
    assert_not_read( `{"A":null}` ).
    assert_not_read( `{"A":{"B":1}}` ).
    assert_not_read( `{"A":{"B":{"C":"1"}}}` ).
    assert_not_read( `{"A":["1"]}` ).
    assert_not_read( `{"A":[{"B":true}]}` ).
    assert_not_read( `{"A":[{"B":["1"]}]}` ).
    assert_not_read( `{"A":"1"` ).
  ENDMETHOD.

  METHOD refuses_an_unknown_field.
    assert_not_filled( json   = `{"S":{"NO_SUCH":"1"}}`
                       number = '016' ).
  ENDMETHOD.

  METHOD refuses_to_cut_or_round.
    assert_not_filled( json   = `{"S":{"TEXT":"10101"}}`
                       number = '018' ).
    assert_not_filled( json   = `{"S":{"AMOUNT":"0.0005"}}`
                       number = '018' ).
    assert_not_filled( json   = `{"S":{"AMOUNT":"four"}}`
                       number = '018' ).
    assert_not_filled( json   = `{"S":{"DAY":"202611261"}}`
                       number = '018' ).
  ENDMETHOD.

  METHOD assert_not_read.
    TRY.
        zcl_carbide_payload=>parse( json ).
        cl_abap_unit_assert=>fail( json ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '012' ).
    ENDTRY.
  ENDMETHOD.

  METHOD assert_not_filled.
    DATA target TYPE target.
    DATA(payload) = zcl_carbide_payload=>parse( json ).
    TRY.
        payload->fill_structure( EXPORTING name      = `S`
                                 CHANGING  structure = target ).
        cl_abap_unit_assert=>fail( json ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = number ).
    ENDTRY.
  ENDMETHOD.
ENDCLASS.
