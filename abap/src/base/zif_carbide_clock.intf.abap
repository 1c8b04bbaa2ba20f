"! Time, always UTC: plants and their connectors stand in different zones
INTERFACE zif_carbide_clock PUBLIC.
  "! @parameter result | YYYYMMDDHHMMSS
  METHODS now
    RETURNING VALUE(result) TYPE zcarbide_timestamp.
ENDINTERFACE.
