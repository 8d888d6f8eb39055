import Foundations
import Machine
import Symbols

/// What a fatal fault has to say: what happened, where, with which registers, and how the code got there.
struct FaultReport {
  let vector: InterruptVector

  private static let title = "\u{1b}[1;31m"
  private static let heading = "\u{1b}[1m"
  private static let dim = "\u{1b}[2m"
  private static let plain = "\u{1b}[0m"
  /// The stack of an endless recursion is cut off after this many frames.
  private static let frameLimit = 32

  /// Writes the whole report.
  func write(_ frame: borrowing TrapFrame, to sink: inout some TextSink & ~Copyable) {
    let controls = ControlRegisters.current
    sink.write("\n\(Self.title)")
    writeTitle(frame, controls, to: &sink)
    sink.write("\(Self.plain)\n")
    FaultReportTrap.springIfArmed()
    writePlace(frame, to: &sink)
    writeRegisters(frame, controls, to: &sink)
    writeBacktrace(frame, to: &sink)
  }

  // MARK: What and where

  private func writeTitle(
    _ frame: borrowing TrapFrame, _ controls: ControlRegisters, to sink: inout some TextSink & ~Copyable
  ) {
    if let mnemonic = vector.mnemonic {
      sink.write(mnemonic)
      sink.write(" ")
    }
    sink.write(vector.name)
    sink.write(" (vector ")
    sink.write(decimal: UInt64(vector.rawValue))
    if vector.hasErrorCode {
      sink.write(", error code 0x")
      sink.write(hex: frame.errorCode)
    }
    sink.write(")")
    switch vector {
    case .pageFault:
      sink.write("\n  ")
      PageFaultCode(rawValue: frame.errorCode).describe(into: &sink)
      writeAddress(controls.cr2, to: &sink)
      writeProtection(frame, controls, to: &sink)
    case .doubleFault where KernelStack.guardPage(containing: controls.cr2) != nil:
      writeAddress(controls.cr2, to: &sink)
    case .generalProtection, .segmentNotPresent, .stackSegment, .invalidTaskState:
      if frame.errorCode != 0 {
        sink.write("\n  ")
        SelectorErrorCode(rawValue: frame.errorCode).describe(into: &sink)
      }
    case .invalidOpcode: writeRuntimeFailure(frame, to: &sink)
    default: break
    }
  }

  private func writeAddress(_ address: UInt64, to sink: inout some TextSink & ~Copyable) {
    sink.write("\n  address 0x")
    sink.write(hex: address, width: 16)
    if KernelStack.guardPage(containing: address) != nil {
      sink.write(": stack overflow, this is the guard page below a kernel stack")
    } else if address < 4096 {
      sink.write(": near null")
    }
  }

  /// Says which of the CPU's barriers between the kernel and programs was run into, if one was.
  private func writeProtection(
    _ frame: borrowing TrapFrame, _ controls: ControlRegisters, to sink: inout some TextSink & ~Copyable
  ) {
    let code = PageFaultCode(rawValue: frame.errorCode)
    guard UserSpace.contains(controls.cr2), code.contains(.protection), !code.contains(.user) else { return }
    if code.contains(.instructionFetch) {
      guard ProtectionFeatures.enabled.contains(.supervisorExecutionPrevention) else { return }
      sink.write("\n  SMEP violation: the kernel went to execute a program's page")
    } else if !frame.isUserMemoryOpen {
      guard ProtectionFeatures.enabled.contains(.supervisorAccessPrevention) else { return }
      sink.write("\n  SMAP violation: the kernel touched a program's page outside of a copy")
    }
  }

  /// Swift's own checks end in `ud2`; the debug information says which check it was.
  private func writeRuntimeFailure(_ frame: borrowing TrapFrame, to sink: inout some TextSink & ~Copyable) {
    guard let bytes = CodeBytes.at(frame.instructionPointer), bytes & 0xffff == 0x0b0f else { return }
    SourceLocations.writeTrapReason(frame.instructionPointer, to: &sink)
  }

  private func writePlace(_ frame: borrowing TrapFrame, to sink: inout some TextSink & ~Copyable) {
    sink.write(frame.isUser ? "in user mode" : "in the kernel")
    sink.write(" on CPU ")
    sink.write(decimal: Processor.current)
    sink.write(", code")
    var address = frame.instructionPointer
    for _ in 0..<16 {
      guard let bytes = CodeBytes.at(address) else { break }
      sink.write(" ")
      sink.write(hex: bytes & 0xff, width: 2)
      address &+= 1
    }
    sink.write("\n")
  }

  // MARK: Registers

  private func writeRegisters(
    _ frame: borrowing TrapFrame, _ controls: ControlRegisters, to sink: inout some TextSink & ~Copyable
  ) {
    let general = frame.generalRegisters
    sink.write("\n\(Self.heading)registers\(Self.plain)\n")
    row(&sink, ("rax", general.rax), ("rbx", general.rbx), ("rcx", general.rcx))
    row(&sink, ("rdx", general.rdx), ("rsi", general.rsi), ("rdi", general.rdi))
    row(&sink, ("rbp", general.rbp), ("rsp", general.rsp), ("r8 ", general.r8))
    row(&sink, ("r9 ", general.r9), ("r10", general.r10), ("r11", general.r11))
    row(&sink, ("r12", general.r12), ("r13", general.r13), ("r14", general.r14))
    row(&sink, ("r15", general.r15), ("rip", frame.instructionPointer), ("rfl", frame.flags))
    row(&sink, ("cr0", controls.cr0), ("cr2", controls.cr2), ("cr3", controls.cr3))
    row(&sink, ("cr4", controls.cr4), ("cs ", UInt64(frame.codeSelector)), ("ss ", UInt64(frame.stackSelector)))
  }

  private func row(
    _ sink: inout some TextSink & ~Copyable, _ first: (String, UInt64), _ second: (String, UInt64),
    _ third: (String, UInt64)
  ) {
    register(first, to: &sink)
    register(second, to: &sink)
    register(third, to: &sink)
    sink.write("\n")
  }

  private func register(_ register: (name: String, value: UInt64), to sink: inout some TextSink & ~Copyable) {
    sink.write("  ")
    sink.write(register.name)
    sink.write(" ")
    sink.write(hex: register.value, width: 16)
  }

  // MARK: Backtrace

  private func writeBacktrace(_ frame: borrowing TrapFrame, to sink: inout some TextSink & ~Copyable) {
    sink.write("\n\(Self.heading)backtrace\(Self.plain), innermost first\n")
    SourceLocations.write(frame.instructionPointer, isReturnAddress: false, to: &sink)
    var written = 1
    var walk = StackWalk(from: frame.framePointer)
    while let address = walk.next() {
      guard written < Self.frameLimit else {
        sink.write("  … more frames; the first ")
        sink.write(decimal: written)
        sink.write(" are shown\n")
        return
      }
      SourceLocations.write(address, isReturnAddress: true, to: &sink)
      written += 1
    }
  }
}
