import Executables
public import Foundations
import Machine
public import VirtualMemory

/// What the kernel gives every program: facts of the machine, random numbers, the shared object with calls that need no kernel.
open class ProgramProvider {
  /// Creates a provider of little.
  public init() {}

  /// EDX of CPUID leaf 1. Source: getauxval(3), `AT_HWCAP`.
  open var hardwareCapabilities: UInt64 { 0 }
  /// Linux's second word. Source: getauxval(3), `AT_HWCAP2`.
  open var moreHardwareCapabilities: UInt64 { 0 }
  /// How much stack a signal takes at least. Source: getauxval(3), `AT_MINSIGSTKSZ`.
  open var signalStackByteCount: UInt64 { 2_048 }
  /// A random number.
  open func random() -> UInt64 { 0 }

  /// Maps the shared object.
  ///
  /// - Returns: where its header is; 0 for none.
  open func mapSharedObject(into space: AddressSpace) throws(Errno) -> UInt64 { 0 }
}

/// The provider in force.
enum ProgramEnvironment {
  private static let provider = BootCell<ProgramProvider>()

  static func start(_ new: ProgramProvider) { provider.fill(new) }

  static func random() -> UInt64 { provider.withValue { $0.random() } ?? 0 }

  static func mapSharedObject(into space: AddressSpace) throws(Errno) -> UInt64 {
    try provider.withValue { provider throws(Errno) in try provider.mapSharedObject(into: space) } ?? 0
  }

  /// Facts without those that are a program's own.
  static func facts() -> ProgramFacts {
    var facts = ProgramFacts()
    _ = provider.withValue { provider in
      facts.hardwareCapabilities = provider.hardwareCapabilities
      facts.moreHardwareCapabilities = provider.moreHardwareCapabilities
      facts.signalStackByteCount = provider.signalStackByteCount
      facts.random = (provider.random(), provider.random())
    }
    return facts
  }
}
