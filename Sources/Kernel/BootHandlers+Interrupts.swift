import ACPI
import Foundations
import Interrupts
import Logging
import Machine
import Scheduler
import Synchronization
import Time

extension BootHandlers {
  private static let timerMeasurementNanoseconds: UInt64 = 10_000_000
  private static let testDelayNanoseconds: UInt64 = 1_000_000
  private static let testLimitNanoseconds: UInt64 = 1_000_000_000

  /// Moves interrupts to the APICs, as the MADT describes them, and sees one arrive.
  static func apic(_ state: inout BootState) -> BootOutcome {
    InterruptReport.set(KernelInterruptReporter())
    do throws(Errno) {
      try InterruptController.start()
    } catch {
      return .failed("this CPU has no local APIC")
    }
    var inputs = 0
    if let madt = InterruptTopology.madt(state.firmware) { inputs = InterruptTopology.addControllers(madt) }
    let counterRate = Clock.source?.rate.hertz ?? 0
    guard
      LocalTimer.useDeadline(ticksPerSecond: counterRate)
        || LocalTimer.measure(duration: timerMeasurementNanoseconds, nanoseconds: { Clock.nanoseconds })
    else {
      return .failed("the local APIC's timer does not count")
    }
    LocalTimer.start()
    guard timerInterruptArrives() else { return .failed("no interrupt of the local APIC's timer arrived") }
    let mode: Message = LocalInterruptController.isX2APIC ? "x2APIC" : "xAPIC"
    do throws(Errno) {
      try Timers.start()
      Timers.startHere()
      try KernelTimers.start()
    } catch {
      return .failed("no memory for timers")
    }
    let kind: Message = LocalTimer.usesDeadline ? "deadlines" : "timer"
    return .done("\(mode), \(inputs) lines, \(kind) \(LocalTimer.ticksPerSecond / 1_000_000) MHz")
  }

  /// Whether a timer that was armed interrupts, once and not before its time. From then on interrupts stay on.
  private static func timerInterruptArrives() -> Bool {
    let probe = TimerProbe()
    VectorHandlers.set(probe, for: InterruptVector.localTimer.rawValue, on: 0)
    let begin = Clock.nanoseconds
    LocalTimer.arm(nanoseconds: testDelayNanoseconds)
    Processor.enableInterrupts()
    _ = BusyWait.wait(atMost: testLimitNanoseconds) { probe.arrivals > 0 }
    let elapsed = Clock.nanoseconds &- begin
    VectorHandlers.set(nil, for: InterruptVector.localTimer.rawValue, on: 0)
    return probe.arrivals == 1 && elapsed >= testDelayNanoseconds * 9 / 10
  }

  /// Starts the other CPUs that the MADT lists, all at once, and reports those that do not come.
  static func smp(_ state: inout BootState) -> BootOutcome {
    guard let madt = InterruptTopology.madt(state.firmware) else { return .done("1 CPU: there is no MADT") }
    let plan = InterruptTopology.processors(madt)
    for index in 0..<plan.count {
      do throws(Errno) {
        try ApplicationProcessors.prepare(index + 1, localAPIC: plan.localAPICs[index])
      } catch {
        KernelLog.add(.error, .cpu, "CPU \(index + 1) is left out: error \(error.rawValue)")
      }
    }
    KernelProcessors.setNodes(state.firmware)
    let begin = Clock.nanoseconds
    ApplicationProcessors.start(KernelProcessorEntry(madt), timeoutMicroseconds: 1_000_000) {
      BusyWait.wait(microseconds: $0)
    }
    let elapsed = Clock.nanoseconds &- begin
    for index in 0..<plan.count where !Processor.isOnline(index + 1) {
      let number = UInt64(plan.localAPICs[index])
      KernelLog.add(.error, .cpu, "CPU \(index + 1), local APIC \(number), does not answer and is left out")
    }
    if plan.leftOut > 0 {
      KernelLog.add(.warning, .cpu, "\(plan.leftOut) CPUs are left out: there are more than \(Processor.limit)")
    }
    TimestampAgreement.check()
    let online = Processor.onlineCount
    guard CrossCall.reachesEverybody() else { return .failed("a call to every CPU did not run everywhere") }
    return .done("\(online) of \(plan.count + 1) CPUs, \(elapsed / 1_000) µs")
  }
}

/// Counts timer interrupts.
private final class TimerProbe: VectorHandler {
  private let count = Atomic<Int>(0)
  var arrivals: Int { count.load(ordering: .relaxed) }
  override func handle(_ vector: UInt8) { count.add(1, ordering: .relaxed) }
}

/// A call that notes who ran it.
private final class CrossCall: ProcessorCall {
  private let ran = Atomic<UInt64>(0)

  override func run() { ran.bitwiseOr(1 << UInt64(Processor.current), ordering: .relaxed) }

  /// Whether every CPU but this one runs a function when asked.
  static func reachesEverybody() -> Bool {
    let call = CrossCall()
    let others = Processor.online & ~(1 << UInt64(Processor.current))
    ProcessorMessages.call(call, on: others)
    return call.ran.load(ordering: .acquiring) == others
  }
}

/// What the kernel's log is told of interrupts.
private final class KernelInterruptReporter: InterruptReporter {
  override func lineWasMasked(_ global: Int) {
    KernelLog.add(.error, .interrupts, "interrupt line \(global) was masked: no device wanted its interrupts")
  }
}

/// What application processors do: wait for interrupts, until there are threads.
private final class KernelProcessorEntry: ProcessorEntry {
  private let inputs: NonMaskableInputs

  init(_ madt: borrowing MADT) {
    inputs = NonMaskableInputs(madt)
    super.init()
  }

  override func run(_ processor: Int) -> Never {
    KernelProcessors.addThisProcessor()
    inputs.connect()
    TimestampAgreement.reach(on: processor)
    Timers.startHere()
    while !Scheduler.isOpen { Processor.waitForInterrupt() }
    ProgramEntry.startHere()
    do throws(Errno) { try Scheduler.runHere() } catch {
      KernelLog.add(.error, .cpu, "CPU \(processor) cannot run threads: error \(error.rawValue)")
    }
    Processor.idle()
  }
}
