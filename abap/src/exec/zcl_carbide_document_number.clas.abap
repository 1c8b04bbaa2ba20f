"! Accounting documents by their reference, table BKPF
CLASS zcl_carbide_document_number DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_document_number.
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
ENDCLASS.
