import Boot

/// What the entry code was told: which loader ran and where it left its information.
public struct BootHandoff: Sendable {
  /// The protocol that the loader spoke.
  public enum Loader: Sendable {
    /// GRUB, by Multiboot2.
    case multiboot2
    /// QEMU or Xen, by the PVH entry.
    case pvh
  }

  /// The loader's protocol.
  public let loader: Loader
  /// Physical address of the loader's information.
  public let informationAddress: UInt64

  /// SAFETY: written once by `start`, before anything can read it.
  nonisolated(unsafe) fileprivate static var received = BootHandoff(loader: .multiboot2, informationAddress: 0)

  /// What this boot was handed. SAFETY: never written again.
  public static var current: BootHandoff { unsafe received }
}

#if os(none)
  /// The first Swift code to run: on the boot stack, with the boot page tables, interrupts off.
  ///
  /// The entry code calls the kernel's `main` when this returns.
  @c(apus_start)
  func start(_ loader: UInt32, _ information: UInt32) {
    // SAFETY: the first statement that runs; nothing can have read it.
    unsafe BootHandoff.received = BootHandoff(
      loader: loader == UInt32(APUS_LOADER_PVH) ? .pvh : .multiboot2, informationAddress: UInt64(information))
    PagingMode.detect()
    ProcessorArea.start()
    InterruptTable.install(.none)
    KernelHeap.start()
  }
#endif
