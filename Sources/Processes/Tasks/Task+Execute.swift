public import Executables
public import Foundations
import LinuxABI
public import Machine
import Scheduler
import Security
import Signals
import Synchronization
public import VFS
import VirtualMemory

extension Task {
  /// How many interpreters may be scripts themselves. Source: execve(2), "Interpreter scripts".
  private static let scriptDepth = 5

  /// Exchanges the program for the one in `file`. Source: execve(2).
  ///
  /// - Parameters:
  ///   - file: opened by `openExecutable`.
  ///   - path: what it was executed as, which scripts are told and the task is named by.
  ///   - registers: become the new program's.
  /// - Throws: what execve(2) throws; then nothing has changed.
  /// - Context: the task itself, without locks.
  public final func execute(
    _ file: OpenFile, path: Span<UInt8>, _ arguments: inout ArgumentList, _ registers: borrowing UserContext
  ) throws(Errno) {
    if exceedsTaskLimit, UserAccounts.count(of: credentials.users.real) > process.limit(.RLIMIT_NPROC) { throw .EAGAIN }
    var file = file
    var depth = 0
    // What the script at hand is called: what was executed, or an interpreter that is a script itself.
    var name = GrowableArray<UInt8>()
    try Self.append(path, to: &name)
    while let interpreter = try prependScript(file, &name, &arguments) {
      depth += 1
      if depth > Self.scriptDepth { throw .ELOOP }
      file = interpreter
    }
    try load(file, path, arguments, registers)
  }

  /// Opens the program at `path` for execution.
  ///
  /// - Throws: `EACCES` for what may not be executed, and what open(2) throws.
  public final func openExecutable(
    _ path: Span<UInt8>, from start: Path? = nil, followsLink: Bool = true, isEmptyAllowed: Bool = false
  ) throws(Errno) -> OpenFile {
    let found = try actor.find(path, from: start, followsLink: followsLink, isEmptyAllowed: isEmptyAllowed)
    if found.inode.kind == .symbolicLink { throw .ELOOP }
    guard found.inode.kind == .regular else { throw .EACCES }
    if found.mount.restrictions.contains(.noExecution) { throw .EACCES }
    try found.inode.check(.execute, by: credentials)
    return try found.inode.open(OpenRequest(found, [], credentials))
  }

  private static func append(_ bytes: Span<UInt8>, to array: inout GrowableArray<UInt8>) throws(Errno) {
    try array.reserveCapacity(array.count + bytes.count)
    for index in bytes.indices { try array.append(bytes[index]) }
  }

  /// If `file` is a script, called `name`, makes the arguments those of its interpreter, and `name` what that is called.
  ///
  /// - Returns: the interpreter; nil when it is none.
  private final func prependScript(
    _ file: OpenFile, _ name: inout GrowableArray<UInt8>, _ arguments: inout ArgumentList
  ) throws(Errno) -> OpenFile? {
    var first = InlineArray<256, UInt8>(repeating: 0)
    var span = first.mutableSpan
    let count = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try file.read(&buffer, at: 0) }
    guard ScriptHeader.isScript(first.span.extracting(0..<count)) else { return nil }
    return try openInterpreter(ScriptHeader(first.span.extracting(0..<count)), &name, &arguments)
  }

  private final func openInterpreter(
    _ script: borrowing ScriptHeader, _ name: inout GrowableArray<UInt8>, _ arguments: inout ArgumentList
  ) throws(Errno) -> OpenFile {
    try arguments.prepend(script, path: name.span)
    name.removeAll()
    try Self.append(script.interpreter.span, to: &name)
    return try openExecutable(script.interpreter.span)
  }

  private final func load(
    _ file: OpenFile, _ path: Span<UInt8>, _ arguments: borrowing ArgumentList, _ registers: borrowing UserContext
  ) throws(Errno) {
    let program = try ELFFile(try OpenExecutable(file))
    let linker = try openLinker(program)
    var isSecure = false
    let newCredentials = credentials.executing(privileges(of: file), isSecure: &isSecure)
    var facts = ProgramEnvironment.facts()
    for index in path.indices { try facts.path.append(path[index]) }
    (facts.users.real, facts.users.effective) =
      (newCredentials.users.real.rawValue, newCredentials.users.effective.rawValue)
    (facts.groups.real, facts.groups.effective) =
      (newCredentials.groups.real.rawValue, newCredentials.groups.effective.rawValue)
    facts.isSecure = isSecure
    try file.inode.beginExecuting()
    let space: AddressSpace
    var loaded: LoadedProgram
    do throws(Errno) {
      space = try AddressSpace.make()
    } catch {
      file.inode.endExecuting()
      throw error
    }
    let dispositions: SignalDispositions
    var ownFiles: DescriptorTable?
    do throws(Errno) {
      dispositions = try dispositionsForExecution()
      let limits = process.limits
      setLimits(of: space, limits, newCredentials)
      let isRandomized = !settings.personality.contains(.ADDR_NO_RANDOMIZE)
      let random = isRandomized ? ProgramEnvironment.random : nil
      let layout = AddressLayout(stackLimit: limits[.RLIMIT_STACK].current, random: random)
      space.setMappingBase(layout.mappingBase)
      facts.sharedObject = try ProgramEnvironment.mapSharedObject(into: space)
      loaded = try ProgramLoader.load(program, interpreter: linker, arguments, facts, layout, into: space)
      try process.endOthers(than: self)
      ownFiles = try ownFilesForExecution()
    } catch {
      space.tearDown()
      file.inode.endExecuting()
      throw error
    }
    var new = ProgramMemory.Program()
    (new.loaded, new.executable) = (loaded, file)
    if isSecure {
      settings.becomeSecure()
      // Where its paths begin is nobody else's to change any more. Linux gives it no rights instead, if it shares that.
      setContext(context.copy())
    }
    // Who may only execute a program may not see by its memory what it is. Source: Linux fs/exec.c, would_dump.
    let isReadable = (try? file.inode.check(.read, by: credentials)) != nil
    if let ownFiles { setFiles(ownFiles) }
    let newMemory = ProgramMemory(space, new)
    newMemory.isDumpable.store(!isSecure && isReadable, ordering: .relaxed)
    begin(newMemory, newCredentials, dispositions, registers)
    name = TaskName(lastPartOf: path)
  }

  private final func openLinker(_ program: borrowing ELFFile) throws(Errno) -> ELFFile? {
    guard !program.interpreterPath.isEmpty else { return nil }
    let file = try openExecutable(program.interpreterPath.span)
    do throws(Errno) {
      return try ELFFile(try OpenExecutable(file))
    } catch {
      throw error == .ENOEXEC ? .ELIBBAD : error
    }
  }

  /// Descriptors of its own, if it shares what it has with another process.
  ///
  /// - Throws: `ENOMEM`. The other tasks are gone, so that the program cannot go on either: the process ends.
  private final func ownFilesForExecution() throws(Errno) -> DescriptorTable? {
    guard files.userCount > 1 else { return nil }
    do throws(Errno) {
      return try files.copy()
    } catch {
      process.end(ExitStatus(signal: .SIGKILL, isDumped: false))
      throw error
    }
  }

  private final func setLimits(of space: AddressSpace, _ limits: ResourceLimits, _ newCredentials: Credentials) {
    var new = AddressSpaceLimits()
    new.total = limits[.RLIMIT_AS].current
    new.data = limits[.RLIMIT_DATA].current
    new.stack = limits[.RLIMIT_STACK].current
    new.locked = limits[.RLIMIT_MEMLOCK].current
    new.ignoresLockLimit = newCredentials.has(.CAP_IPC_LOCK)
    new.refusesHugePages = memory?.space.limits.refusesHugePages ?? false
    space.limits = new
  }

  /// What the file says of privileges, where that counts.
  private final func privileges(of file: OpenFile) -> FilePrivileges {
    var privileges = FilePrivileges()
    if file.path.mount.restrictions.contains(.noSetUser) { return privileges }
    if hasNoNewPrivileges.load(ordering: .relaxed) { return privileges }
    file.inode.attributes.withLock { attributes in
      let mode = attributes.permissions
      if mode & Permissions.setUser != 0 { privileges.user = attributes.user }
      // Without the group's right to execute the bit means something else.
      if mode & (Permissions.setGroup | 0o010) == Permissions.setGroup | 0o010 { privileges.group = attributes.group }
    }
    return privileges
  }

  /// Lets go of the old program, and makes the new one what the task returns to. Cannot fail.
  private final func begin(
    _ memory: ProgramMemory, _ newCredentials: Credentials, _ newDispositions: SignalDispositions,
    _ registers: borrowing UserContext
  ) {
    leaveFutexes(.execution)
    process.timers.removeAll()
    exchangeMemory(memory)?.endUse()
    completion?.finish()
    completion = nil
    files.closeForExecution()
    resetSignalsForExecution(newDispositions)
    numberAddress = 0
    exceedsTaskLimit = false
    sequence = RestartableSequence()
    UserAccounts.move(from: credentials.users.real, to: newCredentials.users.real)
    setCredentials(newCredentials)
    process.tree.noteExecution(of: process)
    Thread.running?.resetProgram()
    var new = UserRegisters()
    let loaded = memory.program.loaded
    (new.rip, new.rsp) = (loaded.entry, loaded.stackPointer)
    registers.registers = new
    registers.forgetSystemCall()
  }
}
