"! Table ZCARBIDE_LINE: kilograms of the lines of accounting documents, by the reference of the document
INTERFACE zif_carbide_line_store PUBLIC.
  TYPES lines TYPE STANDARD TABLE OF zcarbide_line WITH DEFAULT KEY.

  "! @parameter result | Lines of the document with this reference
  METHODS find
    IMPORTING object_type   TYPE zcarbide_line-awtyp
              object_key    TYPE zcarbide_line-awkey
              object_system TYPE zcarbide_line-awsys
    RETURNING VALUE(result) TYPE lines.

  "! @parameter result | Lines posted in the company code on these days, by document
  METHODS posted
    IMPORTING company_code  TYPE zcarbide_line-bukrs
              first_day     TYPE zcarbide_line-budat
              last_day      TYPE zcarbide_line-budat
    RETURNING VALUE(result) TYPE lines.

  "! Registers the rows for the update task: they are written with the document or not at all
  METHODS insert
    IMPORTING lines TYPE lines.
ENDINTERFACE.
