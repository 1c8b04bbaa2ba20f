"! Accounting documents by their reference, table BKPF
CLASS zcl_carbide_document_number DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_document_number.
  PRIVATE SECTION.
    "! Value of BKPF-XREVERSAL in the document that reverses; the reversed one has 1
    CONSTANTS reversing TYPE bkpf-xreversal VALUE '2'.
ENDCLASS.

CLASS zcl_carbide_document_number IMPLEMENTATION.
  METHOD zif_carbide_document_number~find.
    DATA(object_type) = CONV bkpf-awtyp( reference(5) ).
    DATA(object_key) = CONV bkpf-awkey( reference+5(20) ).
    DATA(object_system) = CONV bkpf-awsys( reference+25(10) ).
    SELECT belnr, bukrs, gjahr FROM bkpf
      WHERE awtyp = @object_type AND awkey = @object_key AND awsys = @object_system
      ORDER BY bukrs, belnr, gjahr
      INTO TABLE @DATA(documents)
      UP TO 1 ROWS ##SUBRC_OK.
    LOOP AT documents INTO DATA(document).
      result = |{ document-belnr }{ document-bukrs }{ document-gjahr }|.
    ENDLOOP.
  ENDMETHOD.

  METHOD zif_carbide_document_number~reversals_of.
    SELECT reversal~belnr, reversal~gjahr, reversal~budat, reversal~awtyp, reversal~awkey, reversal~awsys,
           original~awtyp AS original_awtyp, original~awkey AS original_awkey, original~awsys AS original_awsys
      FROM bkpf AS reversal
      INNER JOIN bkpf AS original ON original~bukrs = reversal~bukrs
                                 AND original~belnr = reversal~stblg
                                 AND original~gjahr = reversal~stjah
      WHERE reversal~bukrs = @company_code
        AND reversal~budat >= @first_day
        AND reversal~budat <= @last_day
        AND reversal~xreversal = @reversing
      ORDER BY reversal~gjahr, reversal~belnr
      INTO CORRESPONDING FIELDS OF TABLE @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.
ENDCLASS.
