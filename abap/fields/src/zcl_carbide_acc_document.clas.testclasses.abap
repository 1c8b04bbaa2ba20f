CLASS ltcl_acc_document DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PRIVATE SECTION.
    DATA lines TYPE accit_tab.
    DATA messages TYPE bapiret2_t.

    METHODS carbon_reaches_the_line FOR TESTING.
    METHODS a_wrong_quantity_is_told FOR TESTING.
    METHODS post
      IMPORTING kilograms TYPE string.
ENDCLASS.

CLASS ltcl_acc_document IMPLEMENTATION.
  METHOD post.
    DATA extension TYPE bapiparex_tab_ac.
    DATA(badi) = CAST if_ex_acc_document( NEW zcl_carbide_acc_document( ) ).
    lines = VALUE #( ( posnr = 1
                       menge = 4
                       meins = 'KG' ) ).
    messages = VALUE #( ( type   = 'S'
                          number = '001' ) ).
    extension = VALUE #( ( structure  = 'ZCARBIDE'
                           valuepart1 = |0000000001{ kilograms WIDTH = 24 ALIGN = RIGHT }1 calculated|
                           valuepart2 = 'E-9' ) ).
    badi->change( EXPORTING flt_val      = 'BKPFF'
                  CHANGING  c_accit      = lines
                            c_extension2 = extension
                            c_return     = messages ).
  ENDMETHOD.

  METHOD carbon_reaches_the_line.
    post( `4` ).

    cl_abap_unit_assert=>assert_equals( act = lines( messages )
                                        exp = 1 ).
    cl_abap_unit_assert=>assert_equals( act = |{ lines[ 1 ]-zzcrb_scope } { lines[ 1 ]-zzcrb_evidence }|
                                        exp = `1 E-9` ).
  ENDMETHOD.

  METHOD a_wrong_quantity_is_told.
    post( `5` ).

    cl_abap_unit_assert=>assert_equals( act = messages[ 2 ]-number
                                        exp = '017' ).
    cl_abap_unit_assert=>assert_initial( lines[ 1 ]-zzcrb_scope ).
  ENDMETHOD.
ENDCLASS.
