import Boot
import PageFrames

/// Faults on demand, for the tests of how faults are reported. Each ends in its exception and changes nothing before.
public enum FaultProvocation {
  /// #DE by an integer division.
  public static func divideByZero() { apus_divide_by_zero() }

  /// #UD by `ud2`, outside of any of Swift's checks.
  public static func undefinedInstruction() { apus_undefined_instruction() }

  /// #GP by a selector that is beyond the descriptor table.
  public static func loadBadSelector() { apus_load_bad_selector() }

  /// #PF by reading the page at 0.
  ///
  /// Nothing is ever mapped there, so this cannot succeed.
  @inline(never)
  public static func readNearNull() {
    _ = apus_load_byte(8)
  }

  /// #GP by reading an address that is not canonical.
  ///
  /// No page table can map it.
  @inline(never)
  public static func readNonCanonical() {
    _ = apus_load_byte(0x8000_0000_0000_0000)
  }

  /// #PF by writing to the kernel's code.
  public static func writeToCode() {
    // SAFETY: code is mapped read-only; the write faults and changes nothing.
    unsafe UnsafeMutablePointer<UInt8>(bitPattern: UInt(ImageLayout.text.lowerBound))?.pointee = 0xcc
  }

  /// #PF by writing to the kernel's code through the physical map.
  public static func writeToCodeThroughPhysicalMap() {
    let physical = ImageLayout.text.lowerBound - ImageLayout.virtualOffset
    // SAFETY: the physical map has the image's code read-only; the write faults and changes nothing.
    unsafe UnsafeMutablePointer<UInt8>(bitPattern: UInt(PhysicalMap.address(of: physical)))?.pointee = 0xcc
  }

  /// #PF by executing data.
  public static func executeData() {
    typealias Function = @convention(c) () -> Void
    let address = UInt(ImageLayout.data.lowerBound)
    // SAFETY: data is mapped without execute permission, so not one instruction runs.
    unsafe unsafeBitCast(address, to: Function.self)()
  }

  /// #PF by reading a program's page without saying so, on a CPU with SMAP; nothing elsewhere.
  ///
  /// - Parameter address: belongs to programs; the page there should be mapped.
  @inline(never)
  public static func readUserPage(_ address: UInt64) {
    guard UserSpace.contains(address), ProtectionFeatures.enabled.contains(.supervisorAccessPrevention) else { return }
    _ = apus_load_byte(address)
  }

  /// #PF by executing a program's page, on a CPU with SMEP; nothing elsewhere.
  ///
  /// - Parameter address: belongs to programs; the page there should be mapped.
  @inline(never)
  public static func executeUserPage(_ address: UInt64) {
    guard UserSpace.contains(address), ProtectionFeatures.enabled.contains(.supervisorExecutionPrevention) else {
      return
    }
    typealias Function = @convention(c) () -> Void
    // SAFETY: SMEP lets no instruction of a program's page run in the kernel.
    unsafe unsafeBitCast(UInt(address), to: Function.self)()
  }

  /// How many bytes of its stack the thread that runs has left; all there are where that is not known.
  public static var stackRoom: UInt64 {
    #if os(none)
      guard let top = ThreadContext.withCurrent({ $0.stackTop }), top != 0 else { return .max }
      return apus_read_stack_pointer() &- (top - UInt64(APUS_THREAD_STACK_SIZE))
    #else
      return .max
    #endif
  }

  /// #DF by a stack pointer that points nowhere.
  public static func loseStack() { apus_lose_stack() }

  /// Vector 1 by software.
  public static func raiseDebug() { apus_raise_debug() }

  /// Vector 2 by software.
  public static func raiseNonMaskable() { apus_raise_nonmaskable() }
}

/// Whether exceptions leave the interrupted code's registers alone.
public enum RegisterProbe {
  /// Fills the general registers with patterns, raises #BP, and compares.
  public static func survivesBreakpoint() -> Bool {
    apus_probe_registers() == 1
  }
}

extension FaultProvocation {
  /// Gives a frame back twice. The second time ends the kernel.
  @inline(never)
  public static func freeFrameTwice() {
    guard let frame = FrameAllocator.allocate(.kernel, .kernel) else { return }
    FrameAllocator.release(frame)
    FrameAllocator.release(frame)
  }

  /// Gives a frame back that has joined a larger free block meanwhile. That ends the kernel.
  @inline(never)
  public static func freeJoinedFrame() {
    guard let first = FrameAllocator.allocateRun(.kernel, count: 16, .kernel) else { return }
    FrameAllocator.releaseRun(first, count: 16)
    FrameAllocator.release(first + 5)
  }
}
