// Package kubernetes stands in for the generated SDK of the same name.
package kubernetes

import "reflect"

// UntypedArgs are the arguments of an object as its manifest has them.
type UntypedArgs map[string]interface{}

// ElementType says that the arguments are a plain map.
func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeOf((*map[string]interface{})(nil)).Elem()
}
