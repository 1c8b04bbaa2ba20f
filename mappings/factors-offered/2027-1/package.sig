carbide/factors
314
DKL0d/PHiv8ztbZkIzC5gaOduFZA9fRPT6/NfXGQqVU=

— carbide/factors NrGLiel/JpMxVIvR66z0chTdXdpgC+mnxojEUmoOntXU+uy/Xq6NdHQZKlOC78vageIQi3imc9uUOTBvmBlQ/y9PAAc=
