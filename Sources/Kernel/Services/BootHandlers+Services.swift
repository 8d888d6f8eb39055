import Archives
import BootInformation
import DeviceFileSystem
import Foundations
import Futexes
import InitialFileSystem
import Logging
import Machine
import PageCache
import ProcessFileSystem
import Processes
import Synchronization
import SystemCalls
import SystemFileSystem
import TerminalFiles
import VFS

/// The boot step of services.
extension BootHandlers {
  private static let patience: UInt64 = 10_000_000_000

  /// Makes the root file system, unpacks the initial one into it, and starts the first process.
  static func services(_ state: inout BootState) -> BootOutcome {
    let commandLine = CommandLine(state.information.commandLine.bytes)
    if isForTests(commandLine) { return .done("none: tests were asked for") }
    guard state.information.moduleCount > 0 else { return .done("no initial file system, so no first process") }
    guard let files = state.files, let system = state.system else { return .failed("there are no file systems") }
    do throws(Errno) {
      try startDevices(files, system)
      try Futexes.start(processorCount: Processor.onlineCount)
      for index in 0..<state.information.moduleCount {
        if let failure = unpack(index, files) { return .failed(failure) }
      }
      Processes.start(KernelPrograms())
      try KernelWatch.start()
      try addSyntheticFiles(files, system, MachineFacts(state.information))
      return try startFirst(files, commandLine)
    } catch {
      return .failed("error \(error.rawValue)")
    }
  }

  /// Whether tests or benchmarks have the machine to themselves.
  static func isForTests(_ commandLine: borrowing CommandLine) -> Bool {
    commandLine.contains("test") || commandLine.contains("bench")
  }

  private static func startDevices(_ files: RootFileSystem, _ system: SystemFileSystem) throws(Errno) {
    try ProcessHandles.start(names: files.names, clock: FileClock())
    let memory = MemoryDeviceOpener(SystemRandomSource())
    try SpecialFiles.register(.characterDevice, major: MemoryDevice.major, minors: 1..<12, memory)
    let jobControl = ProcessJobControl()
    try KernelTerminals.start(files.devices, system, jobControl)
    try FileSystemTypes.register(
      PseudoTerminalFileSystemType(names: files.names, clock: FileClock(), jobControl: jobControl))
  }

  /// - Returns: why it could not be unpacked.
  private static func unpack(_ index: Int, _ files: RootFileSystem) -> Message? {
    switch BootModule.take(index) {
    case .none: return "module \(index) cannot be reached"
    case .some(let module): return unpack(module.bytes, files)
    }
  }

  private static func unpack(_ archive: Span<UInt8>, _ files: RootFileSystem) -> Message? {
    do throws(ArchiveError) {
      let summary = try InitialFileSystem.unpack(archive, files.actor)
      KernelLog.add(
        .info, .files,
        "initial file system: \(summary.fileCount) files, \(bytes: summary.byteCount), \(summary.skippedCount) skipped")
      return nil
    } catch {
      return "initial file system: \(error.text.description), at byte \(error.offset)"
    }
  }

  /// Makes /proc and /sys known to mount(2).
  private static func addSyntheticFiles(
    _ files: RootFileSystem, _ system: SystemFileSystem, _ facts: MachineFacts
  ) throws(Errno) {
    guard let tree = Processes.tree else { return }
    let processes = try ProcessFileSystem(tree, facts, names: files.names, clock: FileClock())
    try FileSystemTypes.register(ProcessFileSystemType(processes))
    KernelDeviceNodes.show(in: system)
    try system.addSuspend(KernelSuspend())
    try FileSystemTypes.register(SystemFileSystemType(system))
  }

  private static func startFirst(
    _ files: RootFileSystem, _ commandLine: borrowing CommandLine
  ) throws(Errno) -> BootOutcome {
    TaskEndHooks.start(KernelTaskEnds())
    TraceOutput.start(TraceLog())
    MachineControl.start(KernelMachineServices())
    let beginning = FirstProgram(try InitialArguments(commandLine))
    let isTraced = commandLine.flag("strace") ?? false
    _ = try Processes.startFirst(files.resources, beginning) { process, identifier, resources throws(Errno) in
      let task = ProgramTask(process, identifier, resources)
      if isTraced { task.callWork.store(SystemCallWork.trace.rawValue, ordering: .relaxed) }
      return task
    }
    do throws(Errno) {
      try FirstProgram.waitUntilLoaded(timeoutNanoseconds: patience)
    } catch {
      return .failed("the first process does not run")
    }
    var name: Message = "process 1 is "
    if let task = Processes.tree?.task(1) {
      let taskName = task.name
      name.write(taskName.bytes)
    }
    return .done(name)
  }
}
