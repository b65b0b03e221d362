// Package v4 stands in for the generated SDK's package of the same name.
package v4

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PostRenderer is a program that changes what a chart renders.
type PostRenderer struct {
	Args    []string `pulumi:"args"`
	Command string   `pulumi:"command"`
}

// RepositoryOpts say where a chart is fetched from.
type RepositoryOpts struct {
	CaFile   pulumi.AssetOrArchive `pulumi:"caFile"`
	CertFile pulumi.AssetOrArchive `pulumi:"certFile"`
	KeyFile  pulumi.AssetOrArchive `pulumi:"keyFile"`
	Password *string               `pulumi:"password"`
	Repo     *string               `pulumi:"repo"`
	Username *string               `pulumi:"username"`
}

// PostRendererInput is a PostRenderer that may not be known yet.
type PostRendererInput interface {
	pulumi.Input
	isPostRenderer()
}

// RepositoryOptsInput are RepositoryOpts that may not be known yet.
type RepositoryOptsInput interface {
	pulumi.Input
	isRepositoryOpts()
}

type postRendererArgs struct {
	Args    pulumi.StringArrayInput `pulumi:"args"`
	Command pulumi.StringInput      `pulumi:"command"`
}

type repositoryOptsArgs struct {
	CaFile   pulumi.AssetOrArchiveInput `pulumi:"caFile"`
	CertFile pulumi.AssetOrArchiveInput `pulumi:"certFile"`
	KeyFile  pulumi.AssetOrArchiveInput `pulumi:"keyFile"`
	Password pulumi.StringPtrInput      `pulumi:"password"`
	Repo     pulumi.StringPtrInput      `pulumi:"repo"`
	Username pulumi.StringPtrInput      `pulumi:"username"`
}

func (postRendererArgs) isPostRenderer()     {}
func (repositoryOptsArgs) isRepositoryOpts() {}

func (postRendererArgs) ElementType() reflect.Type   { return reflect.TypeOf(PostRenderer{}) }
func (repositoryOptsArgs) ElementType() reflect.Type { return reflect.TypeOf(RepositoryOpts{}) }

func init() {
	pulumi.RegisterInputType(reflect.TypeOf((*PostRendererInput)(nil)).Elem(), postRendererArgs{})
	pulumi.RegisterInputType(reflect.TypeOf((*RepositoryOptsInput)(nil)).Elem(), repositoryOptsArgs{})
}
