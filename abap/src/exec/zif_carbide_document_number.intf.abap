"! Numbers of documents that SAP numbers at the commit, and documents that reverse others
INTERFACE zif_carbide_document_number PUBLIC.
  TYPES:
    "! A document that reverses another one, with the references of both
    BEGIN OF reversal,
      belnr          TYPE belnr_d,
      gjahr          TYPE gjahr,
      budat          TYPE budat,
      awtyp          TYPE zcarbide_line-awtyp,
      awkey          TYPE zcarbide_line-awkey,
      awsys          TYPE zcarbide_line-awsys,
      original_awtyp TYPE zcarbide_line-awtyp,
      original_awkey TYPE zcarbide_line-awkey,
      original_awsys TYPE zcarbide_line-awsys,
    END OF reversal,
    reversals TYPE STANDARD TABLE OF reversal WITH DEFAULT KEY.

  "! @parameter reference | AWTYP, AWKEY and AWSYS
  "! @parameter result    | BELNR, BUKRS and GJAHR; initial if there is no such document
  METHODS find
    IMPORTING reference     TYPE zcarbide_reference
    RETURNING VALUE(result) TYPE zcarbide_object_number.

  "! @parameter result    | Reversals posted in the company code on these days, by whatever program
  METHODS reversals_of
    IMPORTING company_code  TYPE bukrs
              first_day     TYPE budat
              last_day      TYPE budat
    RETURNING VALUE(result) TYPE reversals.
ENDINTERFACE.
