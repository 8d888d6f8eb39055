public import Foundations
import Machine

/// Writes how often which interrupt came to which CPU, as /proc/interrupts does. Source: proc(5), and Linux's own text, which programs
/// take apart.
public enum InterruptsText {
  private static var numberWidth: Int { 3 }

  /// What is no device's, by Linux's names. Exceptions other than machine checks are none.
  private static var own: InlineArray<11, (vector: InterruptVector, label: StaticString, name: StaticString)> {
    [
      (.nonMaskable, "NMI", "Non-maskable interrupts"), (.localTimer, "LOC", "Local timer interrupts"),
      (.spurious, "SPU", "Spurious interrupts"), (.performanceCounter, "PMI", "Performance monitoring interrupts"),
      (.reschedule, "RES", "Rescheduling interrupts"), (.callFunction, "CAL", "Function call interrupts"),
      (.tlbShootdown, "TLB", "TLB shootdowns"), (.thermalSensor, "TRM", "Thermal event interrupts"),
      (.correctedMachineCheck, "THR", "Threshold APIC interrupts"), (.machineCheck, "MCE", "Machine check exceptions"),
      (.localError, "ERR", "Errors of local APICs"),
    ]
  }

  /// Writes the heading, then a line for each interrupt of a device that is in use, and for each of the CPUs' own.
  ///
  /// - Context: any; counts that change meanwhile are as they are read.
  public static func write(to sink: inout some TextSink & ~Copyable) {
    pad(numberWidth + 8, &sink)
    forEachProcessor { processor in
      let label: Message = "CPU\(UInt64(processor))"
      sink.write(label)
      pad(11 - label.bytes.count, &sink)
    }
    sink.write("\n")
    var number: Int?
    while let line = InterruptLines.line(after: number) {
      number = line.number
      write(line, to: &sink)
    }
    var last: UInt32?
    while let message = InterruptNumbers.message(after: last) {
      last = message.number
      write(message, to: &sink)
    }
    for index in own.indices { writeOwn(index, to: &sink) }
    // One number for all CPUs, as Linux has it.
    begin("MIS", to: &sink)
    write(count: ForgottenEnds.count, to: &sink)
    sink.write("\n")
  }

  private static func write(_ line: InterruptLine, to sink: inout some TextSink & ~Copyable) {
    let number: Message = "\(UInt64(max(0, line.number)))"
    writeCounts(of: line.vector, on: line.processor, since: line.baseline, number, to: &sink)
    let input: Message = "\(UInt64(max(0, line.global)))"
    sink.write("  IO-APIC ")
    pad(numberWidth - input.bytes.count, &sink)
    sink.write(input)
    sink.write(line.signal.isLevelTriggered ? "-fasteoi " : "-edge    ")
    var index = 0
    while let label = line.label(at: index) {
      sink.write(index == 0 ? "  " : ", ")
      sink.write(label.description)
      index += 1
    }
    sink.write("\n")
  }

  private static func write(_ message: InterruptNumbers.Message, to sink: inout some TextSink & ~Copyable) {
    let number: Message = "\(UInt64(message.number))"
    writeCounts(of: message.vector, on: message.processor, since: message.baseline, number, to: &sink)
    let own: Message = "\(UInt64(message.handler.messageNumber))"
    sink.write("  PCI-MSI ")
    pad(numberWidth - own.bytes.count, &sink)
    sink.write(own)
    sink.write("-edge      ")
    sink.write(message.handler.label.description)
    sink.write("\n")
  }

  /// The beginning of the line of what comes to one CPU.
  private static func writeCounts(
    of vector: UInt8, on owner: Int, since baseline: UInt32, _ label: Message, to sink: inout some TextSink & ~Copyable
  ) {
    begin(label, to: &sink)
    forEachProcessor { processor in
      write(count: processor == owner ? VectorHandlers.arrivals(of: vector, on: processor) &- baseline : 0, to: &sink)
    }
  }

  private static func writeOwn(_ index: Int, to sink: inout some TextSink & ~Copyable) {
    let vector = own[index].vector.rawValue
    let label: Message = "\(own[index].label.description)"
    begin(label, to: &sink)
    forEachProcessor { processor in write(count: VectorHandlers.arrivals(of: vector, on: processor), to: &sink) }
    sink.write("  ")
    sink.write(own[index].name.description)
    sink.write("\n")
  }

  private static func begin(_ label: Message, to sink: inout some TextSink & ~Copyable) {
    pad(numberWidth - label.bytes.count, &sink)
    sink.write(label)
    sink.write(": ")
  }

  private static func write(count: UInt32, to sink: inout some TextSink & ~Copyable) {
    let text: Message = "\(UInt64(count))"
    pad(10 - text.bytes.count, &sink)
    sink.write(text)
    sink.write(" ")
  }

  private static func forEachProcessor(_ body: (Int) -> Void) {
    for processor in 0..<Processor.limit where Processor.isOnline(processor) { body(processor) }
  }

  private static func pad(_ count: Int, _ sink: inout some TextSink & ~Copyable) {
    for _ in 0..<max(count, 0) { sink.write(" ") }
  }
}
