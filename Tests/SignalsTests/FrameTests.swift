import Foundations
import LinuxABI
import TestSupport
import Testing

@testable import Machine
@testable import Signals

@Suite("Signal frames", .serialized)
struct FrameTests {
  private static let top = ProgramSpace.range.upperBound - 0x1000

  private static func registers(_ random: inout SeededGenerator) -> UserRegisters {
    var registers = UserRegisters()
    func any() -> UInt64 { UInt64.random(in: 0 ... .max, using: &random) }
    (registers.r8, registers.r9, registers.r10, registers.r11) = (any(), any(), any(), any())
    (registers.r12, registers.r13, registers.r14, registers.r15) = (any(), any(), any(), any())
    (registers.rdi, registers.rsi, registers.rbp, registers.rbx) = (any(), any(), any(), any())
    (registers.rdx, registers.rax, registers.rcx) = (any(), any(), any())
    registers.rsp = top - any() % 0x2000
    registers.rip = 0x40_0000 + any() % 0x1000
    registers.flags = 0x202 | any() & SignalFrame.changeableFlags
    return registers
  }

  private static func vectors(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = (0..<SimulatedRegisters.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
    // MXCSR, and what lies between the parts.
    bytes.replaceSubrange(24..<32, with: [0x80, 0x1f, 0, 0, 0xff, 0xff, 0, 0])
    for gap in [416..<576, 832..<2688] { bytes.replaceSubrange(gap, with: [UInt8](repeating: 0, count: gap.count)) }
    return bytes
  }

  private static func disposition(
    _ flags: SignalActionFlags = [.SA_SIGINFO, .SA_RESTORER]
  ) -> SignalDisposition {
    SignalDisposition(handler: 0x40_2000, flags: flags, restorer: 0x40_3000, mask: [])
  }

  /// Whether the vector registers are so; a failure does not print them.
  private func areRegisters(_ expected: [UInt8]) -> Bool { SimulatedRegisters.contents == expected }

  private static func word(_ address: UInt64) throws -> UInt64 { try UserPointer<UInt64>(address).load() }

  /// Calls a handler and gives the registers that it begins with.
  private static func build(
    _ before: UserRegisters, _ disposition: SignalDisposition = disposition(),
    _ information: SignalInformation = .sent(.SIGUSR1, process: 7, user: 8),
    mask: SignalSet = SignalSet(rawValue: 0xf0),
    stack: inout AlternateStack, fault: FaultRecord = FaultRecord()
  ) throws(Errno) -> UserRegisters {
    try UserContext.simulateCall(before) { context throws(Errno) in
      try SignalFrame.build(information, disposition, mask: mask, stack: &stack, fault: fault, context)
    }
  }

  /// Returns from a handler whose frame is at `frame`.
  private static func restore(
    _ frame: UInt64, stack: AlternateStack = AlternateStack(), _ registers: UserRegisters = UserRegisters()
  ) throws(Errno) -> (UserRegisters, SignalFrame.Restored) {
    var inHandler = registers
    inHandler.rsp = frame &+ 8
    var restored: SignalFrame.Restored?
    let after = try UserContext.simulateCall(inHandler) { context throws(Errno) in
      restored = try SignalFrame.restore(stack: stack, context)
      let isSystemCall = context.isSystemCall
      #expect(!isSystemCall)
    }
    guard let restored else { throw .EINVAL }
    return (after, restored)
  }

  @Test("a handler is called as a function, with the frame where C looks for it")
  func layout() throws {
    try ProgramSpace.run {
      var random = SeededGenerator(seed: 6)
      for _ in 0..<200 {
        let before = Self.registers(&random)
        var fault = FaultRecord()
        (fault.trapNumber, fault.errorCode, fault.address) = (14, 6, 0x1234)
        var stack = AlternateStack(base: 3, byteCount: 4096, flags: .SS_AUTODISARM)
        let information = SignalInformation.queued(Signal(40), process: 7, user: 8, value: 9)
        let after = try Self.build(before, Self.disposition(), information, stack: &stack, fault: fault)
        let frame = after.rsp
        #expect(frame & 15 == 8 && frame < before.rsp - 128 && after.rip == 0x40_2000)
        #expect(after.rdi == 40 && after.rsi == frame + 312 && after.rdx == frame + 8 && after.rax == 0)
        #expect(after.flags & 0x500 == 0 && (after.r8, after.rbx) == (before.r8, before.rbx))
        let saved = [
          before.r8, before.r9, before.r10, before.r11, before.r12, before.r13, before.r14, before.r15, before.rdi,
          before.rsi, before.rbp, before.rbx, before.rdx, before.rax, before.rcx, before.rsp, before.rip,
          before.flags, 0x002b_0000_0000_0033, 6, 14, 0xf0, 0x1234,
        ]
        for (index, value) in saved.enumerated() { #expect(try Self.word(frame + 48 + UInt64(index * 8)) == value) }
        let vectors = try Self.word(frame + 48 + 184)
        #expect(vectors & 63 == 0 && vectors >= frame + 440)
        #expect(vectors + UInt64(SimulatedRegisters.byteCount) + 4 <= before.rsp - 128)
        #expect(try Self.word(frame) == 0x40_3000 && Self.word(frame + 8) == 7 && Self.word(frame + 16) == 0)
        #expect(try Self.word(frame + 24) == 3 && Self.word(frame + 32) == 0x8000_0000 && Self.word(frame + 40) == 4096)
        #expect(try Self.word(frame + 304) == 0xf0)
        #expect(try SignalInformation.load(UserPointer(frame + 312)) == information)
        #expect(stack == AlternateStack())
        // The words that say what there is of vector registers.
        #expect(try UserPointer<UInt32>(vectors + 464).load() == 0x4650_5853)
        #expect(try UserPointer<UInt32>(vectors + 468).load() == 2700 && Self.word(vectors + 472) == 0x207)
        #expect(try UserPointer<UInt32>(vectors + 480).load() == 2696)
        #expect(try UserPointer<UInt32>(vectors + 2696).load() == 0x4650_5845)
        #expect(before.rsp - frame <= SignalFrame.byteCountLimit + SignalFrame.redZoneByteCount)
      }
    }
  }

  @Test("a handler that returns brings everything back, vector registers too")
  func roundTrip() throws {
    try ProgramSpace.run {
      var random = SeededGenerator(seed: 7)
      for _ in 0..<200 {
        let before = Self.registers(&random)
        let vectors = Self.vectors(&random)
        SimulatedRegisters.contents = vectors
        var stack = AlternateStack()
        let mask = SignalSet(rawValue: UInt64.random(in: 0 ... .max, using: &random))
        let inHandler = try Self.build(before, mask: mask, stack: &stack)
        #expect(SimulatedRegisters.isInitial)
        SimulatedRegisters.contents = Self.vectors(&random)
        let (after, restored) = try Self.restore(inHandler.rsp, inHandler)
        #expect(after == before)
        #expect(areRegisters(vectors))
        #expect(restored.mask == mask.catchable && restored.stack == AlternateStack())
      }
    }
  }

  @Test("the alternate stack is used when it is wanted and free, and is not run over")
  func alternateStacks() throws {
    try ProgramSpace.run {
      var random = SeededGenerator(seed: 8)
      let base = ProgramSpace.range.lowerBound + 0x1000
      let onStack = Self.disposition([.SA_ONSTACK, .SA_RESTORER])
      let before = Self.registers(&random)
      var stack = AlternateStack(base: base, byteCount: 0x4000, flags: [])
      let first = try Self.build(before, onStack, stack: &stack)
      #expect(stack.holds(first.rsp) && first.rsp > base + 0x2000)
      #expect(!stack.holds(try Self.build(before, stack: &stack).rsp))
      // A second handler stays on it, below.
      let second = try Self.build(first, onStack, stack: &stack)
      #expect(stack.holds(second.rsp) && second.rsp < first.rsp - 128)
      // There is no room for a third frame or so.
      var deepest = second
      var depth = 2
      #expect(throws: Errno.EFAULT) {
        while depth < 100 {
          deepest = try Self.build(deepest, onStack, stack: &stack)
          #expect(stack.holds(deepest.rsp))
          depth += 1
        }
      }
      #expect(depth < 6)
      var small = AlternateStack(base: base, byteCount: 2048, flags: [])
      #expect(throws: Errno.EFAULT) { try Self.build(before, onStack, stack: &small) }
      // One that is put out of use by the handler comes back with the frame.
      var disarming = AlternateStack(base: base, byteCount: 0x4000, flags: .SS_AUTODISARM)
      let wanted = disarming
      let inHandler = try Self.build(before, onStack, stack: &disarming)
      #expect(disarming == AlternateStack())
      #expect(try Self.restore(inHandler.rsp, stack: disarming).1.stack == wanted)
      // A frame cannot exchange the stack that the program returns to.
      try UserPointer<UInt64>(second.rsp + 40).store(0x100000)
      #expect(try Self.restore(second.rsp, stack: stack).1.stack == stack)
    }
  }

  @Test("no stack pointer, and no address in a frame, does harm")
  func hostileFrames() throws {
    try ProgramSpace.run {
      var random = SeededGenerator(seed: 9)
      var before = Self.registers(&random)
      for pointer in [
        0, 1, 64, 4096, .max, 1 << 63, UserSpace.end, UserSpace.kernelWindow.lowerBound,
        UserSpace.kernelWindow.lowerBound + 2000, UserSpace.kernelWindow.upperBound, ProgramSpace.range.lowerBound + 64,
      ] as [UInt64] {
        before.rsp = pointer
        var stack = AlternateStack()
        let unchanged = UserRegisters()
        var after = unchanged
        #expect(throws: Errno.EFAULT) { after = try Self.build(before, stack: &stack) }
        #expect(after == unchanged)
        guard !ProgramSpace.range.contains(pointer) else { continue }
        #expect(throws: Errno.EFAULT) { try Self.restore(pointer &- 8) }
      }
      before = Self.registers(&random)
      var stack = AlternateStack()
      let frame = try Self.build(before, stack: &stack).rsp
      #expect(throws: Errno.EFAULT) { try Self.build(before, Self.disposition(.SA_SIGINFO), stack: &stack) }
      for _ in 0..<4_000 {
        // Random words anywhere in it, now and then with a good address for the vector registers.
        for _ in 0..<Int.random(in: 1...6, using: &random) {
          let offset = UInt64.random(in: 0..<38, using: &random) * 8 + 8
          try UserPointer<UInt64>(frame + offset).store(UInt64.random(in: 0 ... .max, using: &random))
        }
        if Bool.random(using: &random) {
          try UserPointer<UInt64>(frame + 232).store((frame + 1000) & ~63)
        } else if Bool.random(using: &random) {
          try UserPointer<UInt64>(frame + 232).store(0)
        }
        do throws(Errno) {
          let (after, restored) = try Self.restore(frame)
          #expect(after.flags & ~0x24_4dd5 == 0x202)
          #expect(after.rip == 0 || UserSpace.contains(after.rip))
          #expect(restored.mask.isDisjoint(with: .uncatchable))
        } catch {
          #expect(error == .EFAULT)
        }
      }
    }
  }

  @Test(
    "vector registers that the CPU does not take are refused, and those of a copy that was cut off are what FXSAVE has")
  func hostileVectors() throws {
    try ProgramSpace.run {
      var random = SeededGenerator(seed: 10)
      let before = Self.registers(&random)
      let good = Self.vectors(&random)
      func frame() throws -> (frame: UInt64, vectors: UInt64) {
        SimulatedRegisters.contents = good
        var stack = AlternateStack()
        let frame = try Self.build(before, stack: &stack).rsp
        return (frame, try Self.word(frame + 232))
      }
      // MXCSR's reserved bits; a part that is not there; the compacted form; what must be zero.
      for (offset, value) in [(24, 0x1_0000), (512, 1 << 62), (520, 1 << 63), (520, 1), (568, 1)] as [(UInt64, UInt64)]
      {
        let (frame, vectors) = try frame()
        try UserPointer<UInt64>(vectors + offset).store(value)
        #expect(throws: Errno.EFAULT) { try Self.restore(frame) }
      }
      // Marks and sizes that do not fit: only the old part counts, and the rest is as in the beginning.
      let legacy = good[..<416] + [UInt8](repeating: 0, count: SimulatedRegisters.byteCount - 416)
      for (offset, value) in [(464, 0), (468, 2695), (468, 0), (480, 575), (480, 2697), (480, .max), (2696, 1)]
        as [(UInt64, UInt32)]
      {
        let (frame, vectors) = try frame()
        try UserPointer<UInt32>(vectors + offset).store(value)
        _ = try Self.restore(frame)
        #expect(areRegisters(Array(legacy)), "\(offset)")
      }
      // Parts that the frame does not claim are as in the beginning, too.
      let (withoutLast, vectors) = try frame()
      try UserPointer<UInt64>(vectors + 472).store(7)
      _ = try Self.restore(withoutLast)
      #expect(areRegisters(good[..<2688] + [UInt8](repeating: 0, count: 8)))
      // Without any, all are.
      let (bare, _) = try frame()
      try UserPointer<UInt64>(bare + 232).store(0)
      _ = try Self.restore(bare)
      #expect(SimulatedRegisters.isInitial)
    }
  }
}
