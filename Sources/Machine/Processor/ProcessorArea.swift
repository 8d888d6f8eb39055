import Boot
import PageFrames
import Slabs

/// What one CPU has for itself, found through its GS base in one load.
///
/// Only that CPU touches it, with interrupts off, so nothing in it needs a lock.
struct ProcessorArea: ~Copyable {
  /// The area's own address: what `movq %gs:0` reads.
  private let address: UInt
  /// Free frames at the CPU's hand.
  var frames = FrameCache()
  /// What this CPU took frames for, less what it gave back.
  var usage = FrameUsage()
  /// Free objects at the CPU's hand, by slab cache.
  var magazines = MagazineRack()
  /// What the CPU translates addresses with.
  var translation = ProcessorTranslation()

  private static let baseRegister: UInt32 = 0xc000_0101

  private init(address: UInt) {
    self.address = address
  }

  /// Gives this CPU its area. The boot CPU's is part of the image.
  ///
  /// - Context: once on each CPU, before anything is allocated on it.
  static func start() {
    let address = UInt(apus_first_processor_area_address())
    precondition(MemoryLayout<ProcessorArea>.size <= Int(APUS_PROCESSOR_AREA_SIZE))
    // SAFETY: the storage is static, large enough, and used for nothing else.
    unsafe UnsafeMutablePointer<ProcessorArea>(bitPattern: address).unsafelyUnwrapped
      .initialize(to: ProcessorArea(address: address))
    #if os(none)
      apus_write_msr(baseRegister, UInt64(address))
    #endif
  }

  /// Runs `body` with this CPU's area, interrupts off.
  @inline(__always)
  static func withCurrent<Result: ~Copyable, Failure: Error>(
    _ body: (inout ProcessorArea) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let wereEnabled = InterruptGuard.disable()
    defer { InterruptGuard.restore(wereEnabled) }
    #if os(none)
      let address = UInt(apus_read_processor_area())
    #else
      let address = UInt(apus_first_processor_area_address())
    #endif
    // SAFETY: `start` made the area and it stays; interrupts are off, so nothing else on this CPU has it now.
    return try unsafe body(&UnsafeMutablePointer<ProcessorArea>(bitPattern: address).unsafelyUnwrapped.pointee)
  }
}
