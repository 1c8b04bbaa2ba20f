CLASS ltcl_message DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    METHODS error_carries_its_values FOR TESTING.
    METHODS silence_of_a_bapi_is_success FOR TESTING.
    METHODS older_structure_is_kept_whole FOR TESTING.
    METHODS refusals_are_e_a_and_x FOR TESTING.
ENDCLASS.

CLASS ltcl_message IMPLEMENTATION.
  METHOD error_carries_its_values.
    DATA(message) = zcl_carbide_message=>error( number = '022'
                                                v1     = '7'
                                                v2     = '8' ).

    cl_abap_unit_assert=>assert_equals( act = message-id && message-number && message-type
                                        exp = 'ZCARBIDE022E' ).
    cl_abap_unit_assert=>assert_equals( act = message-message_v2
                                        exp = '8' ).
    cl_abap_unit_assert=>assert_equals( act = message-message
                                        exp = 'Fence 7 is older than 8' ).
  ENDMETHOD.

  METHOD silence_of_a_bapi_is_success.
    cl_abap_unit_assert=>assert_initial( zcl_carbide_message=>from_bapireturn1( VALUE #( number = '000' ) ) ).
  ENDMETHOD.

  METHOD older_structure_is_kept_whole.
    DATA(messages) = zcl_carbide_message=>from_bapireturn1( VALUE #( type       = 'E'
                                                                     id         = '61'
                                                                     number     = '103'
                                                                     message    = 'Order is locked'
                                                                     message_v1 = '4711' ) ).

    cl_abap_unit_assert=>assert_equals( act = lines( messages )
                                        exp = 1 ).
    cl_abap_unit_assert=>assert_equals( act = messages[ 1 ]-message_v1
                                        exp = '4711' ).
    cl_abap_unit_assert=>assert_equals( act = messages[ 1 ]-id
                                        exp = '61' ).
  ENDMETHOD.

  METHOD refusals_are_e_a_and_x.
    cl_abap_unit_assert=>assert_false( zcl_carbide_message=>is_refusal( VALUE #( ( type = 'S' ) ( type = 'W' )
                                                                                 ( type = 'I' ) ) ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_message=>is_refusal( VALUE #( ( type = 'S' ) ( type = 'E' ) ) ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_message=>is_refusal( VALUE #( ( type = 'A' ) ) ) ).
    cl_abap_unit_assert=>assert_true( zcl_carbide_message=>is_refusal( VALUE #( ( type = 'X' ) ) ) ).
  ENDMETHOD.
ENDCLASS.
