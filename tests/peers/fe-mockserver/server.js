// Test peer only: SAP's Fiori mock server serves metadata with generated rows.
const FEMockserver = require('@sap-ux/fe-mockserver-core').default
const express = require('express')
const path = require('path')
const services = [{
  urlPath: '/sap/opu/odata/sap/API_PRODUCT_SRV',
  metadataPath: path.join(__dirname, 'API_PRODUCT_SRV.edmx'),
  mockdataPath: path.join(__dirname, 'none'),
  generateMockData: true, watch: false, strictKeyMode: true
}]
const mock = new FEMockserver({ services, annotations: [], plugins: [] })
mock.isReady.then(() => {
  const server = express().use(mock.getRouter()).listen(0, '127.0.0.1', () => {
    console.log(`server listening on { url: 'http://127.0.0.1:${server.address().port}' }`)
  })
})
