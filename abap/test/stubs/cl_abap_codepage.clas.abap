CLASS cl_abap_codepage DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CLASS-METHODS convert_to
      IMPORTING source        TYPE csequence
      RETURNING VALUE(result) TYPE xstring.
ENDCLASS.

CLASS cl_abap_codepage IMPLEMENTATION.
  METHOD convert_to.
    WRITE '@KERNEL result.set(Buffer.from(source.get(), "utf8").toString("hex").toUpperCase());'.
  ENDMETHOD.
ENDCLASS.
