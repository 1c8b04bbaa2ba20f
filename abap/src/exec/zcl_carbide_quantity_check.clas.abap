"! Quantities of a payload: none without unit, no absurd kilograms, and those of the carbon fields
"! are those of the document
CLASS zcl_carbide_quantity_check DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    "! @raising zcx_carbide_error | 014, 015, 017 or 019
    METHODS check
      IMPORTING operation TYPE zcarbide_operation
                payload   TYPE REF TO zcl_carbide_payload
      RAISING   zcx_carbide_error.
  PRIVATE SECTION.
    METHODS check_planned_order
      IMPORTING payload TYPE REF TO zcl_carbide_payload
      RAISING   zcx_carbide_error.
    METHODS check_units_of_lines
      IMPORTING payload TYPE REF TO zcl_carbide_payload
      RAISING   zcx_carbide_error.
    METHODS check_kilograms
      IMPORTING payload TYPE REF TO zcl_carbide_payload
      RAISING   zcx_carbide_error.
    METHODS check_line
      IMPORTING payload TYPE REF TO zcl_carbide_payload
                line    TYPE zcl_carbide_extension=>line
      RAISING   zcx_carbide_error.
    METHODS row_of
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
                table         TYPE string
                item          TYPE zcl_carbide_extension=>line-item
      RETURNING VALUE(result) TYPE i.
ENDCLASS.

CLASS zcl_carbide_quantity_check IMPLEMENTATION.
  METHOD check.
    CASE operation.
      WHEN zcl_carbide_operation_catalog=>known-create_planned_order.
        check_planned_order( payload ).
      WHEN zcl_carbide_operation_catalog=>known-post_document.
        check_units_of_lines( payload ).
        check_kilograms( payload ).
      WHEN OTHERS.
        RETURN.
    ENDCASE.
  ENDMETHOD.

  METHOD check_planned_order.
    IF payload->get( name  = `HEADERDATA`
                     field = `TOTAL_PLORD_QTY` ) IS NOT INITIAL
        AND payload->get( name  = `HEADERDATA`
                          field = `BASE_UOM` ) IS INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '014'
          v1     = `HEADERDATA-TOTAL_PLORD_QTY`.
    ENDIF.
  ENDMETHOD.

  METHOD check_units_of_lines.
    DATA row TYPE i.
    DO payload->find( `ACCOUNTGL` )-rows TIMES.
      row = sy-index.
      IF payload->get( name  = `ACCOUNTGL`
                       row   = row
                       field = `QUANTITY` ) IS NOT INITIAL
          AND payload->get( name  = `ACCOUNTGL`
                            row   = row
                            field = `BASE_UOM` ) IS INITIAL
          AND payload->get( name  = `ACCOUNTGL`
                            row   = row
                            field = `BASE_UOM_ISO` ) IS INITIAL.
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '014'
            v1     = |ACCOUNTGL-QUANTITY { row }|.
      ENDIF.
    ENDDO.
  ENDMETHOD.

  METHOD check_kilograms.
    DATA row TYPE i.
    DO payload->find( `EXTENSION2` )-rows TIMES.
      row = sy-index.
      IF payload->get( name  = `EXTENSION2`
                       row   = row
                       field = `STRUCTURE` ) = zcl_carbide_extension=>structure_name.
        check_line( payload = payload
                    line    = zcl_carbide_extension=>parse(
                      first  = payload->get( name  = `EXTENSION2`
                                             row   = row
                                             field = `VALUEPART1` )
                      second = payload->get( name  = `EXTENSION2`
                                             row   = row
                                             field = `VALUEPART2` ) ) ).
      ENDIF.
    ENDDO.
  ENDMETHOD.

  METHOD check_line.
    DATA amount TYPE decfloat34.
    DATA quantity TYPE zcl_carbide_extension=>kilograms.
    DATA(line_row) = row_of( payload = payload
                             table   = `ACCOUNTGL`
                             item    = line-item ).
    DATA(amount_row) = row_of( payload = payload
                               table   = `CURRENCYAMOUNT`
                               item    = line-item ).
    TRY.
        amount = payload->get( name  = `CURRENCYAMOUNT`
                               row   = amount_row
                               field = `AMT_DOCCUR` ).
      CATCH cx_sy_conversion_error.
        " The BAPI names the field; here only its sign is of interest
        amount = 0.
    ENDTRY.
    " Corrections take kilograms back on a credit line; anywhere else less than nothing is a mistake
    IF line-kilograms < 0 AND amount >= 0 OR line-kilograms > 0 AND amount < 0.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '015'
          v1     = |{ line-item }: { line-kilograms }|.
    ENDIF.
    DATA(quantity_text) = payload->get( name  = `ACCOUNTGL`
                                        row   = line_row
                                        field = `QUANTITY` ).
    IF quantity_text IS NOT INITIAL.
      quantity = zcl_carbide_extension=>number( text = quantity_text
                                                item = line-item ).
    ENDIF.
    IF line_row = 0 OR quantity <> line-kilograms.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '017'
          v1     = line-item
          v2     = |{ line-kilograms }|
          v3     = quantity_text.
    ENDIF.
  ENDMETHOD.

  METHOD row_of.
    DATA item_of_row TYPE zcl_carbide_extension=>line-item.
    DATA row TYPE i.
    DO payload->find( table )-rows TIMES.
      row = sy-index.
      item_of_row = payload->get( name  = table
                                  row   = row
                                  field = `ITEMNO_ACC` ).
      IF item_of_row = item.
        result = row.
        RETURN.
      ENDIF.
    ENDDO.
  ENDMETHOD.
ENDCLASS.
