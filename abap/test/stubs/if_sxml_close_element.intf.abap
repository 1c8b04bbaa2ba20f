INTERFACE if_sxml_close_element PUBLIC.
  INTERFACES if_sxml_node.
ENDINTERFACE.
