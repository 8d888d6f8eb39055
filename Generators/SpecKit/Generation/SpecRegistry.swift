/// Everything that SpecGen knows: the kinds of spec and the products made from them.
public enum SpecRegistry {
  /// The kinds of spec, one for each schema.
  public static var models: [any SpecModel.Type] {
    [
      // interrupts, boot steps
      InterruptSpec.self,
      BootStepSpec.self,

      // system calls, errno, signals, recovery, GPU
      SystemCallSpec.self,
      SystemCallTypesSpec.self,
      ErrnoSpec.self,
      SignalSpec.self,
      RecoverySpec.self,
      GPUSpec.self,

      // registers
      RegistersSpec.self,

      // processors
      ProcessorFeatureSpec.self,

      // console
      FontSpec.self,
      EventCodeSpec.self,
      KeyCodeSpec.self,
      KeyMapSpec.self,

      // PCI
      PCIIdentifierSpec.self,
      PCIDriverSpec.self,

      // platform
      PlatformDriverSpec.self,

      // virtio
      VirtioSpec.self,
    ]
  }

  /// The products that a `specs.json` can name.
  public static var products: [any SpecProduct.Type] {
    [
      // interrupts, boot steps
      InterruptStubs.self,
      InterruptVectors.self,
      BootSteps.self,

      // system calls, errno, signals, recovery, GPU
      SystemCallTable.self,
      SystemCallDispatch.self,
      SystemCallFuzzTable.self,
      SystemCallTypes.self,
      ErrnoTable.self,
      SignalTable.self,
      RecoveryTable.self,
      GPUDevice.self,

      // registers
      RegisterAccessors.self,
      RegisterAccessorsInternal.self,
      RegisterModels.self,
      RegisterCases.self,
      RegisterPermissions.self,

      // processors
      ProcessorFeatureTable.self,

      // console
      ConsoleFont.self,
      EventCodeTable.self,
      KeyCodeTable.self,
      KeyMapTable.self,

      // PCI
      PCIIdentifiers.self,
      PCIDrivers.self,

      // platform
      PlatformDrivers.self,

      // virtio
      VirtioDevices.self,
    ]
  }

  /// The kind of spec that belongs to a schema file name.
  public static func model(schema: String) -> (any SpecModel.Type)? { models.first { $0.schema == schema } }

  /// The product called `name`.
  public static func product(_ name: String) -> (any SpecProduct.Type)? { products.first { $0.name == name } }
}
