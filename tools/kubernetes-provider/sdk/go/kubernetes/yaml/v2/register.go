// Package v2 stands in for the generated SDK's package of the same name.
package v2

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource registers an object under the type that its API version and kind make; its own outputs stay untyped.
func RegisterResource(ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input,
	opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	group := apiVersion
	if group == "v1" {
		group = "core/v1"
	}
	var resource pulumi.CustomResourceState
	token := fmt.Sprintf("kubernetes:%s:%s", group, kind)
	if err := ctx.RegisterResource(token, name, props, &resource, opts...); err != nil {
		return nil, err
	}
	return &resource, nil
}
