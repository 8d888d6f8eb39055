import Boot
import Foundations

/// The floating-point and vector registers of programs. The kernel uses none of them itself.
///
/// Source: Intel SDM vol. 1, chapter 13; vol. 3A, 2.6.
public enum FPUState {
  private static let cr4Legacy: UInt64 = 3 << 9
  private static let cr4Extended: UInt64 = 1 << 18
  private static let cr0Monitor: UInt64 = 1 << 1
  private static let cr0Emulation: UInt64 = 1 << 2
  private static let cr0NumericError: UInt64 = 1 << 5
  private static let cr0TaskSwitched: UInt64 = 1 << 3

  // SAFETY (section): written once by `start`, on the boot CPU, before any program's thread is made; read only afterwards.
  nonisolated(unsafe) private static var componentBits: UInt64 = 0
  nonisolated(unsafe) private static var byteCountValue = 512
  nonisolated(unsafe) private static var savesChanges = false

  /// The parts that are saved, by the bits of XCR0; 0 without XSAVE.
  public static var components: UInt64 { unsafe componentBits }
  /// How large a thread's state is, in the standard format, in bytes.
  public static var byteCount: Int { unsafe byteCountValue }

  /// Chooses what is saved.
  ///
  /// - Parameters:
  ///   - components: the bits of XCR0; 0 for a CPU without XSAVE.
  ///   - byteCount: how large they are in the standard format, and no smaller than in the compacted one.
  ///   - canSaveChanges: whether the CPU has XSAVEOPT.
  /// - Context: once, on the boot CPU; then `startHere` on each CPU.
  public static func start(components: UInt64, byteCount: Int, canSaveChanges: Bool) {
    precondition(components == 0 || byteCount >= 576, "no room for the state that is to be saved")
    unsafe componentBits = components
    unsafe byteCountValue = components == 0 ? 512 : byteCount
    unsafe savesChanges = canSaveChanges && components != 0
  }

  /// Turns the registers on on this CPU.
  public static func startHere() {
    let cr0 = apus_read_cr0() & ~(cr0Emulation | cr0TaskSwitched)
    apus_write_cr0(cr0 | cr0Monitor | cr0NumericError)
    let components = components
    apus_write_cr4(apus_read_cr4() | cr4Legacy | (components != 0 ? cr4Extended : 0))
    if components != 0 { apus_set_extended_control(components) }
  }

  // SAFETY (section): a buffer has `byteCount` bytes at a multiple of 64 and is kept by its thread; its header is always one
  // that XRSTOR takes, since it only ever comes from `FPUStateBuffer`'s making, checks or XSAVE.

  /// Saves the registers, which are `thread`'s.
  @inline(__always)
  static func save(_ buffer: borrowing FPUStateBuffer, of thread: ThreadContext) {
    let components = components
    if unsafe savesChanges {
      unsafe apus_save_extended_changes(buffer.bytes, components)
    } else if components != 0 {
      unsafe apus_save_extended(buffer.bytes, components)
    } else {
      unsafe apus_save_legacy(buffer.bytes)
    }
  }

  /// Loads the registers with what `thread` had.
  @inline(__always)
  static func restore(_ buffer: borrowing FPUStateBuffer, of thread: ThreadContext) {
    let components = components
    if components != 0 {
      unsafe apus_restore_extended(buffer.bytes, components)
    } else {
      unsafe apus_restore_legacy(buffer.bytes)
    }
  }
}

/// One thread's floating-point and vector state, as FXSAVE or XSAVE lays it out in its standard format.
@safe
final class FPUStateBuffer {
  /// Its first byte.
  let bytes: UnsafeMutableRawPointer

  // SAFETY (section): `bytes` is `FPUState.byteCount` bytes, which this object owns from its making to its end.

  /// Makes the state that a program begins with.
  ///
  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    guard let memory = unsafe RawMemory.allocate(byteCount: FPUState.byteCount, alignment: 64) else { throw .ENOMEM }
    unsafe bytes = memory
    reset()
  }

  deinit { unsafe RawMemory.release(bytes) }

  /// Makes it what a program begins with: all exceptions masked, double extended precision, everything else zero.
  func reset() {
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: FPUState.byteCount)
    unsafe bytes.storeBytes(of: 0x37f, as: UInt16.self)
    unsafe bytes.storeBytes(of: 0x1f80, toByteOffset: 24, as: UInt32.self)
  }

  /// Makes it what `other` is.
  func copy(_ other: FPUStateBuffer) {
    unsafe bytes.copyMemory(from: other.bytes, byteCount: FPUState.byteCount)
  }
}
