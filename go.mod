module github.com/causeway-go/causeway

go 1.26
