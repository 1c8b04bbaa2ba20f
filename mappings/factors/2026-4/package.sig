carbide/factors
315
yGl+UrvgkJx0jOIjQKYz5lR/as//Uf0COSWdASGqP78=

— carbide/factors jkbPzzUpxu1BIAQ2KqUbE2jzFYKxnLie54ZKY+xijg3wCU47sOMt3nO4lJvYfLTPem6/l5CTOtOQIY1v1oSddzyG+wU=
