"! Numbers of documents that SAP numbers at the commit
INTERFACE zif_carbide_document_number PUBLIC.
  "! @parameter reference | AWTYP, AWKEY and AWSYS
  "! @parameter result    | BELNR, BUKRS and GJAHR; initial if there is no such document
  METHODS find
    IMPORTING reference     TYPE zcarbide_reference
    RETURNING VALUE(result) TYPE zcarbide_object_number.
ENDINTERFACE.
