import Boot

/// What fork(2) and execve(2) do to a thread's program.
extension ThreadContext {
  /// Makes the program of this thread begin where that of the thread that runs is: registers, segment bases, vector state.
  ///
  /// - Precondition: both have a program.
  /// - Context: the other thread, whose program is in the kernel; this one has not been started.
  public final func copyRunningProgram() {
    guard let running = ThreadContext.current, let fpuState, running.fpuState != nil else { return }
    segmentBases = running.segmentBases
    #if os(none)
      // SAFETY: both frames are at the beginning of stacks that their threads own; the running program is in the kernel, so
      // its frame is complete, and this thread has not begun, so nobody reads its own.
      if let target = unsafe UnsafeMutablePointer<apus_trap_frame>(bitPattern: UInt(frameAddress)),
        let source = unsafe UnsafeMutablePointer<apus_trap_frame>(bitPattern: UInt(running.frameAddress))
      {
        unsafe target.pointee = source.pointee
      }
      // The CPU has the program's registers still: the kernel uses none of them.
      FPUState.save(fpuState, of: running)
    #endif
  }

  /// Gives the program of the thread that runs what a new program begins with: all registers zero.
  ///
  /// - Context: the thread itself, interrupts on.
  public final func resetProgram() {
    guard let fpuState else { return }
    #if os(none)
      let wereEnabled = InterruptGuard.disable()
      fpuState.reset()
      FPUState.restore(fpuState, of: self)
      InterruptGuard.restore(wereEnabled)
    #endif
    programSegmentBases = SegmentBases()
  }
}
